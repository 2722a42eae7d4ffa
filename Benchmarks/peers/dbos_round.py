"""One round on DBOS Transact, embedded in this process, with its system database in SQLite."""
import os, sqlite3
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS, SetWorkflowID

from rounds import STEPS, Effects, arguments, clock, report

options = arguments()
effects = Effects(options.folder)


@DBOS.step()
def step(workflow: int, number: int) -> int:
    effects.perform(workflow, number)
    return number


@DBOS.workflow()
def eight_steps(workflow: int) -> int:
    for number in range(1, STEPS + 1):
        step(workflow, number)
    return workflow


def run(name, count, in_flight):
    seconds = []

    def one(workflow):
        begun = clock()
        with SetWorkflowID(f"{name}-{workflow}"):
            eight_steps(workflow)
        seconds.append(clock() - begun)

    begun = clock()
    with ThreadPoolExecutor(in_flight) as lanes:
        list(lanes.map(one, range(count)))
    return seconds, clock() - begun


path = os.path.join(options.folder, "dbos.sqlite")
if options.store == "wal":
    with sqlite3.connect(path) as database:  # SQLite remembers the mode in the file
        database.execute("PRAGMA journal_mode = WAL")
    database.close()
DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{path}", "run_admin_server": False,
             "log_level": "ERROR", "executor_id": "local", "application_version": "1"})
DBOS.launch()
run("warm", 2, 1)
effects.forget()
report(*run("timed", options.count, options.in_flight))
DBOS.destroy()
