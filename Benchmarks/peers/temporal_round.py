"""One round on Temporal: its dev server with a SQLite file, and a worker in this process; every step is an activity."""
import asyncio, contextlib, datetime, os, signal, socket, subprocess, sys

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from rounds import STEPS, Effects, arguments, clock, report

TIMEOUT = datetime.timedelta(seconds=60)
# A dev server paces its callers; what is measured is the engine, not the pace.
UNPACED = ["frontend.namespaceRPS", "frontend.rps", "frontend.globalNamespaceRPS", "frontend.namespaceCount",
           "history.rps", "matching.rps", "frontend.persistenceMaxQPS", "history.persistenceMaxQPS",
           "matching.persistenceMaxQPS"]
effects = None


@activity.defn
async def step(number: int, of: int) -> int:
    effects.perform(of, number)
    return number


@workflow.defn
class EightSteps:
    @workflow.run
    async def run(self, of: int) -> int:
        for number in range(1, STEPS + 1):
            await workflow.execute_activity(step, args=[number, of], start_to_close_timeout=TIMEOUT)
        return of


@contextlib.contextmanager
def server(options):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [os.path.join(os.path.dirname(sys.executable), "temporal"), "server", "start-dev", "--headless",
               "--ip", "127.0.0.1", "--port", str(port), "--log-level", "error",
               "--db-filename", os.path.join(options.folder, "temporal.sqlite")]
    if options.store == "wal":
        command += ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=2"]
    for key in UNPACED:
        command += ["--dynamic-config-value", f"{key}=1000000"]
    with open(os.path.join(options.folder, "temporal.log"), "w") as log:
        # A group of its own: the program is a shim that starts the server.
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        yield port
    finally:
        for kind in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, kind)
                process.wait(15)


async def connect(port):
    for _ in range(1200):
        try:
            return await Client.connect(f"127.0.0.1:{port}")
        except RuntimeError:
            await asyncio.sleep(0.1)
    raise SystemExit("the Temporal server does not answer; see temporal.log")


async def run(client, name, count, in_flight):
    seconds, numbers = [], iter(range(count))

    async def lane():
        for number in numbers:
            begun = clock()
            await client.execute_workflow(EightSteps.run, number, id=f"{name}-{number}", task_queue="bench")
            seconds.append(clock() - begun)

    begun = clock()
    await asyncio.gather(*(lane() for _ in range(in_flight)))
    return seconds, clock() - begun


async def main(options, port):
    client = await connect(port)
    async with Worker(client, task_queue="bench", workflows=[EightSteps], activities=[step],
                      workflow_runner=UnsandboxedWorkflowRunner(), max_concurrent_activities=1000,
                      max_concurrent_workflow_tasks=500, max_concurrent_workflow_task_polls=16,
                      max_concurrent_activity_task_polls=16, max_cached_workflows=4000):
        await run(client, "warm", 2, 2)
        effects.forget()
        report(*await run(client, "timed", options.count, options.in_flight))


if __name__ == "__main__":
    given = arguments()
    effects = Effects(given.folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with server(given) as found:
        asyncio.run(main(given, found))
