"""A round of every engine: COUNT workflows of 8 steps; a step appends `<workflow> <step>` to FOLDER/effects.log."""
import argparse, json, os, time

STEPS = 8


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("in_flight", type=int)
    parser.add_argument("folder")
    parser.add_argument("--store", choices=["wal", "default"], default="wal",
                        help="wal: SQLite in WAL with synchronous=FULL; default: as the product sets its file up")
    return parser.parse_args()


class Effects:
    """The outside world: a file that every step appends a line to, outside of any journal."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "effects.log")
        self.descriptor = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)

    def perform(self, workflow, step):
        os.write(self.descriptor, b"%d %d\n" % (workflow, step))

    def forget(self):
        os.truncate(self.path, 0)


def report(seconds, elapsed):
    """Prints the round as one line of JSON; `seconds` holds how long each workflow took."""
    taken = sorted(seconds)

    def quantile(share):
        return taken[int(share * (len(taken) - 1) + 0.5)] * 1000

    print(json.dumps({"wf_s": len(taken) / elapsed, "steps_s": len(taken) * STEPS / elapsed, "elapsed_s": elapsed,
                      "p50_ms": quantile(0.5), "p99_ms": quantile(0.99)}), flush=True)


def clock():
    return time.perf_counter()
