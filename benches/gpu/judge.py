"""The table of a run: a row for each goal, with what was measured, and whether it holds.

usage: judge.py RECORDS.jsonl

A record is {"name": ..., and either "error" or what was measured}. Exit status 0 if every goal holds, 1 if one is missed, 2 if
one could not be measured.
"""
import json
import statistics
import sys

HELD, MISSED, UNKNOWN = "holds", "MISSED", "NOT MEASURED"


def records(path):
    with open(path, encoding="utf-8") as file:
        return {record["name"]: record for record in map(json.loads, file)}


class Table:
    def __init__(self, found):
        self.found, self.rows = found, []

    def add(self, row, goal, measure, text, holds):
        """`measure` is called with a getter; a record that is missing or failed makes the row one that was not measured."""
        try:
            value = measure(self.get)
        except LookupError as problem:
            self.rows.append((row, goal, str(problem.args[0]), UNKNOWN))
        else:
            self.rows.append((row, goal, text(value), HELD if holds(value) else MISSED))

    def get(self, name, field):
        record = self.found.get(name)
        if record is None:
            raise LookupError(f"no record of {name}")
        if "error" in record:
            raise LookupError(f"{name}: {record['error']}")
        if field not in record:
            raise LookupError(f"{name} has no {field}")
        return record[field]


def median(name):
    def measure(get):
        seconds = get(name, "seconds")
        if not seconds:
            raise LookupError(f"{name} was not repeated")
        return statistics.median(seconds)

    return measure


def best(names):
    """The quickest of the peers; all of them must have run, so that none is left out unseen."""
    return lambda get: min(median(name)(get) for name in names)


def table(found):
    out = Table(found)

    def share(value):
        return f"{value:.2%} of the values"

    for kind in ("float32", "float16", "bfloat16"):
        out.add(
            f"{kind}: within one level of diffusers",
            "99 %",
            lambda get, kind=kind: get(f"parity {kind}", "within_one_level"),
            share,
            lambda value: value >= 0.99,
        )
    out.add(
        "noise of the CPU: most levels from the CPU's picture",
        "3",
        lambda get: get("parity cpu-noise", "greatest"),
        str,
        lambda value: value <= 3,
    )
    out.add(
        "the same call twice, in two processes: the same bytes",
        "yes",
        lambda get: get("repeatable", "equal"),
        lambda value: "yes" if value else "no",
        bool,
    )
    for pictures, goals in ((1, (("eager", 1.5), ("best", 1.0))), (4, (("best", 1.2),))):
        for which, goal in goals:
            peers = [f"diffusers {variant} x{pictures}" for variant in ("apart", "channels_last", "graph", "compile")]
            peer = median(peers[0]) if which == "eager" else best(peers)
            out.add(
                f"float16, {pictures} at once: times as fast as diffusers ({which})",
                f"{goal}",
                lambda get, peer=peer, pictures=pictures: peer(get) / median(f"ours float16 x{pictures}")(get),
                lambda value: f"{value:.2f}",
                lambda value, goal=goal: value >= goal,
            )
    for pictures, goal in ((1, 3.5), (4, 5.0)):
        out.add(
            f"float16, {pictures} at once: peak of GPU memory in GiB",
            f"{goal}",
            lambda get, pictures=pictures: get(f"ours float16 x{pictures}", "peak_mib") / 1024,
            lambda value: f"{value:.2f}",
            lambda value, goal=goal: value <= goal,
        )
    out.add(
        "generator batch: pictures a second, of what painting alone reaches",
        "90 %",
        lambda get: get("batch", "pictures") / get("batch", "elapsed") / (4 / median("ours float16 x4")(get)),
        lambda value: f"{value:.0%}",
        lambda value: value >= 0.9,
    )
    out.add(
        "four sources in one pass: within one level of one at a time",
        "99 %",
        lambda get: get("batch, four sources at once", "within_one_level"),
        share,
        lambda value: value >= 0.99,
    )
    for name, row in (
        ("resumed", "a batch killed and resumed: the same bytes"),
        ("memory", "out of memory: said, with what to do, and nothing half-written"),
        ("no such card", "a card that is not there: said"),
        ("gpu test", "the GPU test of the test program"),
    ):
        out.add(row, "yes", lambda get, name=name: get(name, "equal"), lambda value: "yes" if value else "no", bool)
    return out.rows


def main():
    found = records(sys.argv[1])
    machine = found.get("machine", {})
    for key, value in machine.items():
        if key != "name":
            print(f"{key:<12} {value}")
    rows = table(found)
    width = max(len(row[0]) for row in rows)
    print(f"\n{'':<{width}}  {'goal':>5}  {'':<12}  found")
    for row, goal, value, verdict in rows:
        print(f"{row:<{width}}  {goal:>5}  {verdict:<12}  {value}")
    verdicts = {row[3] for row in rows}
    print("\nmedians of seconds a pass; peak of the card's memory in MiB")
    for name, record in found.items():
        if record.get("seconds"):
            peak = record.get("peak_mib", "")
            print(f"{name:<36} {statistics.median(record['seconds']):>9.4f}  {peak}")
    for name, record in found.items():
        if "stages" in record:
            print(f"\n{name}: {record['pictures'] / record['elapsed']:.2f} pictures a second; {record['stages']}", end="")
            print(f"; halved {record['halved']} times" if record.get("halved") else "", end="")
    print()
    return 2 if UNKNOWN in verdicts else 1 if MISSED in verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
