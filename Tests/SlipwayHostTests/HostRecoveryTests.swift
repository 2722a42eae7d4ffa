import Foundation
import Glibc
import SlipwayHost
import SlipwayModel
import Testing

@Suite("Host: its own death")
struct HostRecoveryTests {
  @Test("after kill -9 of the host its process goes on, is adopted, and its end is noticed")
  func adoption() async throws {
    try await HostFixture.withHost { host in
      let script = "test -e $FOLDER/again || { touch $FOLDER/again; exit 1; }; exec sleep 600"
      _ = try await host.control.start(host.shell(script), in: .a)
      let before = try await host.slot("crashed once") { $0.crashes == 1 && $0.state == .running }
      let pid = try #require(before.pid)
      try await host.killHost()
      #expect(isExecuting(pid))
      let after = try await host.control.ensureRunning(host.launcher)[.a]
      #expect(after.pid == pid)
      #expect(after.state == .running)
      #expect(after.crashes == 1)
      #expect(after.startedAt == before.startedAt)
      #expect(try await host.control.start(host.shell(script), in: .a).pid == pid)
      #expect(host.supervised == [pid])

      kill(pid, SIGKILL)
      let again = try await host.slot("restarted") { $0.crashes == 2 && $0.state == .running }
      #expect(again.pid != pid)
      #expect(host.supervised == [again.pid])
    }
  }

  @Test("an adopted process is stopped with its whole group")
  func stopAdopted() async throws {
    try await HostFixture.withHost { host in
      let script = "sh -c 'trap \"\" TERM; echo ready; while :; do sleep 0.1; done' & wait"
      _ = try await host.control.start(host.shell(script), in: .a)
      try await eventually("it is ready") { host.text("logs/a-one.log").contains("ready") }
      try await host.killHost()
      try await host.control.ensureRunning(host.launcher)
      #expect(try await host.control.stop(.a, grace: .milliseconds(300)).state == .stopped)
      #expect(host.supervised.isEmpty)
    }
  }

  @Test("what should run but died while no host was there is counted and started again")
  func diedUnwatched() async throws {
    try await HostFixture.withHost { host in
      let pid = try #require(try await host.control.start(host.shell("exec sleep 600"), in: .a).pid)
      try await host.killHost()
      kill(pid, SIGKILL)
      try await eventually("it is gone") { !isExecuting(pid) }
      try await host.control.ensureRunning(host.launcher)
      let again = try await host.slot("restarted") { $0.state == .running }
      #expect(again.pid != pid)
      #expect(again.crashes == 1)
    }
  }

  @Test("what was asked to stop stays stopped")
  func stoppedStays() async throws {
    try await HostFixture.withHost { host in
      _ = try await host.control.start(host.shell("exec sleep 600"), in: .a)
      _ = try await host.control.stop(.a)
      try await host.killHost()
      #expect(try await host.control.ensureRunning(host.launcher)[.a].state == .stopped)
      #expect(host.supervised.isEmpty)
    }
  }

  @Test("a stop that the host did not live to see is brought to its end by the next")
  func interruptedStop() async throws {
    try await HostFixture.withHost { host in
      let script = "trap 'touch $FOLDER/asked' TERM; echo ready; while :; do sleep 0.1; done"
      let pid = try #require(try await host.control.start(host.shell(script), in: .a).pid)
      try await eventually("it is ready") { host.text("logs/a-one.log").contains("ready") }
      async let lost = hostError { _ = try await host.control.stop(.a, grace: .seconds(2)) }
      try await eventually("it was asked") { FileManager.default.fileExists(atPath: host.directory.root + "/asked") }
      try await host.killHost()
      #expect(await lost?.code == .unreachable)
      #expect(isExecuting(pid))
      try await host.control.ensureRunning(host.launcher)
      #expect(try await host.slot("stopped") { $0.state == .stopped }.crashes == 0)
      #expect(!isExecuting(pid))
    }
  }

  @Test("a process whose id was never written down is found by its mark, not started twice")
  func unrecorded() async throws {
    try await HostFixture.withHost { host in
      let pid = try #require(try await host.control.start(host.shell("exec sleep 600"), in: .a).pid)
      try await host.killHost()
      try host.forgetProcess()
      let adopted = try await host.control.ensureRunning(host.launcher)[.a]
      #expect(adopted.pid == pid)
      #expect(adopted.crashes == 0)
      #expect(host.supervised == [pid])
    }
  }

  @Test("a program that has replaced its environment is still known by its log", arguments: [false, true])
  func replacedEnvironment(forgotten: Bool) async throws {
    try await HostFixture.withHost { host in
      let launch = host.shell("exec env -i FOLDER=$FOLDER sh -c 'echo ready; exec sleep 600'")
      let pid = try await host.control.start(launch, in: .a).pid
      try await eventually("it is ready") { host.text("logs/a-one.log").contains("ready") }
      try await host.killHost()
      if forgotten { try host.forgetProcess() }
      let adopted = try await host.control.ensureRunning(host.launcher)[.a]
      #expect(adopted.pid == pid)
      #expect(adopted.crashes == 0)
      #expect(try await host.control.stop(.a).state == .stopped)
    }
  }

  @Test("what a dead process left in a session of its own is not taken for it", arguments: [false, true])
  func escapedDescendant(hostSawIt: Bool) async throws {
    try await HostFixture.withHost { host in
      let script = "setsid sleep 700 & echo ready; exec sleep 600"
      let pid = try #require(try await host.control.start(host.shell(script), in: .a).pid)
      try await eventually("both run") { host.supervised.count == 2 && host.text("logs/a-one.log").contains("ready") }
      let escaped = try #require(host.supervised.first { $0 != pid })
      try await eventually("it has a session") { statFields(of: escaped)?[3] == "\(escaped)" }
      try await host.killHost()
      kill(pid, SIGKILL)
      try await eventually("it is gone") { !isExecuting(pid) }
      if hostSawIt { try host.rewriteRecord { $0["process"] = nil } }
      try await host.control.ensureRunning(host.launcher)
      let again = try await host.slot("restarted") { $0.state == .running }
      #expect(again.pid != escaped)
      #expect(again.crashes == (hostSawIt ? 0 : 1))
    }
  }

  @Test("a stranger that has the remembered id is neither adopted nor touched", arguments: [false, true])
  func reusedID(withStartTime: Bool) async throws {
    try await HostFixture.withHost { host in
      let stranger = try DetachedProcess.spawn(
        ["/bin/sleep", "600"], environment: ["FOR": host.directory.root], log: "/dev/null", directory: "/")
      let start = try #require(statFields(of: stranger.pid).flatMap { UInt64($0[19]) })
      let own = try #require(try await host.control.start(host.shell("exec sleep 600"), in: .a).pid)
      try await host.killHost()
      kill(own, SIGKILL)
      try await eventually("it is gone") { !isExecuting(own) }
      try host.rewriteRecord { record in
        var process = try #require(record["process"] as? [String: Any])
        process["pid"] = Int(stranger.pid)
        if withStartTime { process["start_ticks"] = start }
        record["process"] = process
      }
      try await host.control.ensureRunning(host.launcher)
      let running = try await host.slot("restarted") { $0.state == .running }
      #expect(running.pid != stranger.pid)
      #expect(running.crashes == 1)
      _ = try await host.control.stop(.a)
      #expect(isExecuting(stranger.pid))
    }
  }

  @Test("a process from before the machine was restarted is not the release's fault")
  func anotherBoot() async throws {
    try await HostFixture.withHost { host in
      let pid = try #require(try await host.control.start(host.shell("exec sleep 600"), in: .a).pid)
      try await host.killHost()
      kill(pid, SIGKILL)
      try await eventually("it is gone") { !isExecuting(pid) }
      try host.rewriteRecord { record in
        var process = try #require(record["process"] as? [String: Any])
        process["boot"] = "another"
        record["process"] = process
      }
      try await host.control.ensureRunning(host.launcher)
      #expect(try await host.slot("restarted") { $0.state == .running }.crashes == 0)
    }
  }

  @Test(
    "a slots.json that cannot be trusted keeps the host from starting, says so, and is left as it is",
    arguments: [
      "", "garbage", #"{"version":1,"slots":{"a":{"#, #"{"version":2,"slots":{}}"#, #"{"version":1,"slots":{"z":{}}}"#,
      #"{"version":1}"#, String(repeating: "[", count: 100_000),
    ])
  func corrupt(text: String) async throws {
    try await HostFixture.withFolder { host in
      try host.write(text, to: "slots.json")
      let error = await hostError { try await host.control.ensureRunning(host.launcher) }
      #expect(error?.code == .cannotStart)
      #expect(error?.message.contains("slots.json' cannot be trusted") == true, "\(error?.message ?? "")")
      #expect(host.text("slots.json") == text)
      #expect(host.processes.isEmpty)
    }
  }

  @Test("the same instance in both slots is kept apart after the host's death")
  func sameInstanceTwice() async throws {
    try await HostFixture.withHost { host in
      _ = try await host.control.start(host.shell("exec sleep 600"), in: .a)
      _ = try await host.control.stop(.a)
      let pid = try await host.control.start(host.shell("exec sleep 600"), in: .b).pid
      try await host.killHost()
      let status = try await host.control.ensureRunning(host.launcher)
      #expect(status[.a].state == .stopped)
      #expect(status[.b].pid == pid)
      #expect(status[.b].state == .running)
    }
  }

  @Test("killed at any instant of a busy life, a host never lets two processes of an instance live", arguments: [7, 8])
  func killedAnyTime(seed: UInt64) async throws {
    try await HostFixture.withHost { host in
      var random = SplitMix(state: seed)
      // It dies often by itself, so that kills of the host meet crashes and restarts as well.
      let launch = host.shell("sleep 0.$(($$ % 3))5; exit 1")
      var crashes = 0
      for round in 0..<15 {
        _ = try? await host.control.start(launch, in: .a)
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...250, using: &random)))
        try await host.killHost()
        let leaders = host.supervised.filter { statFields(of: $0)?[3] == "\($0)" }
        #expect(leaders.count <= 1, "seed \(seed) round \(round)")
        let after = try await host.control.ensureRunning(host.launcher)[.a]
        #expect(after.crashes >= crashes, "seed \(seed) round \(round)")
        crashes = after.crashes
      }
      #expect(crashes > 0)
      let steady = host.shell("exec sleep 600", instance: "steady")
      let pid = try await host.control.start(steady, in: .a, replace: true).pid
      #expect(host.supervised == [try #require(pid)])
    }
  }

  @Test("a disk that is full refuses a start before anything runs, and the next try works")
  func diskFull() async throws {
    try await HostFixture.withHost { host in
      // Every write to /dev/full fails with ENOSPC; the attempt removes the link.
      symlink("/dev/full", host.directory.slotsPath + ".new")
      let launch = host.shell("exec sleep 600")
      let error = await hostError { _ = try await host.control.start(launch, in: .a) }
      #expect(error?.code == .storage)
      #expect(error?.message.contains("No space left") == true)
      #expect(host.supervised.isEmpty)
      let started = try await host.control.start(launch, in: .a)
      #expect(started.state == .running)
    }
  }
}

extension HostFixture {
  /// Takes slots.json back to just before the first start, as if the host had died between starting and writing it down.
  func forgetProcess() throws {
    try rewriteRecord { record in
      record["process"] = nil
      record["starts"] = 0
    }
  }

  /// Changes what is remembered of slot a.
  func rewriteRecord(_ change: (inout [String: Any]) throws -> Void) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: directory.slotsPath))
    var contents = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    var slots = try #require(contents["slots"] as? [String: Any])
    var record = try #require(slots["a"] as? [String: Any])
    try change(&record)
    slots["a"] = record
    contents["slots"] = slots
    try JSONSerialization.data(withJSONObject: contents).write(to: URL(fileURLWithPath: directory.slotsPath))
  }
}
