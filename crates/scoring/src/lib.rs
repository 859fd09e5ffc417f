//! Submissions: validation, scopes, score files, comparison and leaderboard.
