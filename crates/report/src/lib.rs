//! Suite results and score files to JUnit, HTML and SVG.
