import Foundation
import Glibc
import SlipwayHost
import SlipwayModel
import Testing

@Suite("Host: start, status, stop")
struct HostLifecycleTests {
  @Test("a process is started in a session of its own, seen, and stopped")
  func lifecycle() async throws {
    try await HostFixture.withHost { host in
      let started = try await host.control.start(host.shell("exec sleep 600"), in: .a)
      let pid = try #require(started.pid)
      #expect(started.state == .running)
      #expect(started.release == "1.4.2")
      #expect(started.crashes == 0)
      #expect((started.rssBytes ?? 0) > 0)
      #expect(started.startedAt != nil)
      let fields = try #require(statFields(of: pid))
      #expect(fields[2] == "\(pid)", "process group")
      #expect(fields[3] == "\(pid)", "session")
      #expect(try await host.control.status()[.b].state == .stopped)

      let stopped = try await host.control.stop(.a)
      #expect(stopped.state == .stopped)
      #expect(stopped.lastExit?.signal == SIGTERM)
      #expect(stopped.lastExit?.asked == true)
      #expect(stopped.crashes == 0)
      #expect(!isExecuting(pid))
      #expect(try await host.control.stop(.a).state == .stopped)
      #expect(try await host.control.stop(.b).state == .stopped)
    }
  }

  @Test("both slots run side by side")
  func bothSlots() async throws {
    try await HostFixture.withHost { host in
      let a = try await host.control.start(host.shell("exec sleep 600", instance: "one"), in: .a)
      let b = try await host.control.start(host.shell("exec sleep 600", instance: "two"), in: .b)
      _ = try await host.control.stop(.a)
      let status = try await host.control.status()
      #expect(a.pid != b.pid)
      #expect(status[.a].state == .stopped)
      #expect(status[.b].pid == b.pid)
    }
  }

  @Test("the same instance is started once, however often and by how many it is asked for")
  func idempotentStart() async throws {
    try await HostFixture.withHost { host in
      let launch = host.shell("exec sleep 600")
      let pids = try await withThrowingTaskGroup(of: Int32?.self) { group in
        for _ in 0..<8 { group.addTask { try await host.control.start(launch, in: .a).pid } }
        return try await group.reduce(into: Set<Int32?>()) { $0.insert($1) }
      }
      #expect(pids.count == 1)
      #expect(host.supervised.count == 1)
    }
  }

  @Test("another instance is refused while one runs, unless it is to be replaced")
  func replacement() async throws {
    try await HostFixture.withHost { host in
      let first = try await host.control.start(host.shell("exec sleep 600"), in: .a)
      let other = host.shell("exec sleep 600", instance: "other")
      let error = await hostError { _ = try await host.control.start(other, in: .a) }
      #expect(error?.code == .conflict)
      #expect(error?.isRefusal == true)
      #expect(error?.message.contains("'one'") == true)
      let missing = Launch(command: ["/no/such"], directory: "/", instance: "third", release: "2")
      #expect(
        await hostError { _ = try await host.control.start(missing, in: .a, replace: true) }?.code == .cannotStart)
      #expect(try await host.control.status()[.a].pid == first.pid, "a replacement that cannot start replaces nothing")

      let second = try await host.control.start(other, in: .a, replace: true)
      #expect(second.instance == "other")
      #expect(second.state == .running)
      #expect(host.supervised == [try #require(second.pid)])
    }
  }

  @Test("a program that cannot be executed is reported by start, and the slot stays free")
  func executionFailures() async throws {
    try await HostFixture.withHost { host in
      try host.write("#!/bin/sh\n", to: "plain.sh")
      try host.write("#!/no/such/interpreter\n", to: "lost.sh")
      chmod(host.directory.root + "/lost.sh", 0o755)
      let root = host.directory.root
      let cases: [(command: String, directory: String, says: String)] = [
        ("/no/such/program", root, "no such file"), ("no-such-program-anywhere", root, "PATH"),
        ("./plain.sh", root, "not executable"), ("./lost.sh", root, "cannot be executed"),
        ("sh", root + "/nowhere", "no such folder"), (root, root, "no such file"),
      ]
      for (command, directory, says) in cases {
        let launch = Launch(command: [command], directory: directory, instance: "i", release: "1")
        let error = await hostError { _ = try await host.control.start(launch, in: .a) }
        #expect(error?.code == .cannotStart, "\(command)")
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
        #expect(try await host.control.status()[.a].state == .stopped)
      }
      #expect(try await host.control.start(host.shell("exec sleep 600"), in: .a).state == .running)
    }
  }

  @Test("a launch that could never run is refused")
  func badLaunches() async throws {
    try await HostFixture.withHost { host in
      var bad: [Launch] = []
      for instance in ["", "../x", "a/b", ".x", "a b", String(repeating: "x", count: 129)] {
        bad.append(host.shell("true", instance: instance))
      }
      bad.append(Launch(command: [], directory: "/", instance: "i", release: "1"))
      bad.append(Launch(command: ["true\0"], directory: "/", instance: "i", release: "1"))
      bad.append(Launch(command: ["true"], environment: ["A=B": ""], directory: "/", instance: "i", release: "1"))
      bad.append(Launch(command: ["true"], directory: "relative", instance: "i", release: "1"))
      for launch in bad {
        #expect(await hostError { _ = try await host.control.start(launch, in: .a) }?.code == .badRequest, "\(launch)")
      }
      let slots = try await host.control.status().slots
      #expect(slots.isEmpty)
    }
  }

  @Test("a process that ignores TERM is killed after the grace")
  func escalation() async throws {
    try await HostFixture.withHost { host in
      let script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
      let started = try await host.control.start(host.shell(script), in: .a)
      try await eventually("it is ready") { host.text("logs/a-one.log").contains("ready") }
      let stopped = try await host.control.stop(.a, grace: .milliseconds(300))
      #expect(stopped.lastExit?.signal == SIGKILL)
      #expect(stopped.crashes == 0)
      #expect(!isExecuting(try #require(started.pid)))
    }
  }

  @Test("an impatient stop overtakes a patient one")
  func impatience() async throws {
    try await HostFixture.withHost { host in
      let script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
      _ = try await host.control.start(host.shell(script), in: .a)
      try await eventually("it is ready") { host.text("logs/a-one.log").contains("ready") }
      async let patient = host.control.stop(.a, grace: .minutes(30))
      try await host.slot("stopping") { $0.state == .stopping }
      #expect(try await host.control.stop(.a, grace: .zero).state == .stopped)
      #expect(try await patient.lastExit?.signal == SIGKILL)
    }
  }

  @Test("descendants get the grace, too, and are killed when it is over")
  func descendants() async throws {
    try await HostFixture.withHost { host in
      // The leader goes at once; one child ends in an orderly way, one never.
      let script = """
        sh -c 'trap "sleep 0.3; echo orderly >> $FOLDER/left; exit" TERM; echo one; while :; do sleep 0.1; done' &
        sh -c 'trap "" TERM; echo two; while :; do sleep 0.1; done' &
        wait
        """
      _ = try await host.control.start(host.shell(script), in: .a)
      try await eventually("both are ready") {
        let log = host.text("logs/a-one.log")
        return log.contains("one") && log.contains("two")
      }
      #expect(host.supervised.count >= 3)
      #expect(try await host.control.stop(.a, grace: .seconds(5)).lastExit?.signal == SIGTERM)
      #expect(host.text("left") == "orderly\n")
      #expect(host.supervised.isEmpty)
    }
  }

  @Test("a process gets its own environment, no input and no descriptor of the host")
  func inheritance() async throws {
    try await HostFixture.withHost { host in
      let script =
        "env | sort; ls /proc/self/fd; cat; pwd; umask; grep Sig[IB] /proc/self/status; echo end; exec sleep 600"
      var launch = host.shell(script)
      launch.environment["NAME"] = "a = b"
      _ = try await host.control.start(launch, in: .a)
      try await eventually("it has written") { host.text("logs/a-one.log").contains("end") }
      let lines = host.text("logs/a-one.log").split(separator: "\n").map(String.init)
      let root = host.directory.root
      #expect(lines.contains("NAME=a = b"))
      #expect(lines.contains("SLIPWAY_INSTANCE=one"))
      #expect(lines.contains { $0.hasPrefix("PATH=/usr/local/sbin:") })
      #expect(!lines.contains { $0.hasPrefix("HOME=") })
      // `ls` itself has the folder open as 3.
      #expect(lines.filter { Int($0) != nil && $0.count == 1 } == ["0", "1", "2", "3"])
      #expect(lines.contains(root))
      #expect(lines.contains("0022") || lines.contains("0002") || lines.contains("0077"))
      // Beyond the 31 standard signals lie glibc's own two, which every spawned process ignores.
      let ignored = lines.first { $0.hasPrefix("SigIgn:") }.flatMap { UInt64($0.dropFirst(8), radix: 16) }
      #expect(ignored.map { $0 & 0x7fff_ffff } == 0, "the host's ignored signals are not handed down")
      #expect(lines.contains("SLIPWAY_SLOT=a"))
    }
  }

  @Test("shutting down can leave the processes to the next host or stop them all")
  func shutdown() async throws {
    try await HostFixture.withHost { host in
      let pid = try await host.control.start(host.shell("exec sleep 600"), in: .a).pid
      let old = try await host.control.shutdown(stopProcesses: false).pid
      try await eventually("the host is gone") { !isExecuting(old) }
      #expect(await hostError { _ = try await host.control.status() }?.code == .unreachable)
      #expect(host.supervised == [try #require(pid)])
      #expect(try await host.control.ensureRunning(host.launcher)[.a].pid == pid)
      #expect(try await host.control.shutdown(stopProcesses: true)[.a].state == .stopped)
      try await eventually("all are gone") { host.processes.isEmpty }
    }
  }
}
