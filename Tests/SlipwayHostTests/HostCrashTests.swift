import Foundation
import Glibc
import SlipwayHost
import SlipwayModel
import Testing

@Suite("Host: crashes")
struct HostCrashTests {
  @Test(
    "the wait doubles from the first to the longest",
    arguments: zip([0, 1, 2, 3, 6, 7, 1_000_000], [0, 200, 400, 800, 6_400, 10_000, 10_000]))
  func delays(crashes: Int, milliseconds: Int64) {
    #expect(RestartPolicy().delay(after: crashes) == .milliseconds(milliseconds))
  }

  @Test("a steady life begins a new row of crashes")
  func rows() {
    #expect(RestartPolicy().row(before: 7, age: .seconds(59)) == 8)
    #expect(RestartPolicy().row(before: 7, age: .seconds(60)) == 1)
  }

  @Test("an end nobody asked for is counted and answered by a restart, whatever the exit code", arguments: [0, 3])
  func exitCodes(code: Int32) async throws {
    try await HostFixture.withHost { host in
      _ = try await host.control.start(host.shell("echo run; exit \(code)"), in: .a)
      let seen = try await host.slot("three crashes") { $0.crashes >= 3 && $0.state == .backoff }
      #expect(seen.lastExit?.code == code)
      #expect(seen.lastExit?.asked == false)
      #expect(seen.pid == nil)
      let log = host.text("logs/a-one.log")
      #expect(log.components(separatedBy: "run\n").count - 1 >= 3)
      #expect(log.contains("exit code \(code), crash 3"))
      #expect(try await host.control.stop(.a).state == .stopped, "a stop ends the waiting")
      let count = try await host.control.status()[.a].crashes
      // Another process's four waits are longer than the one that was ended.
      _ = try await host.control.start(host.shell("exit 1", instance: "two"), in: .b)
      try await host.slot("four crashes", in: .b) { $0.crashes >= 4 }
      _ = try await host.control.stop(.b)
      #expect(try await host.control.status()[.a].crashes == count)
      #expect(host.supervised.isEmpty)
    }
  }

  @Test("a killed process is counted with its signal and started again")
  func killed() async throws {
    try await HostFixture.withHost { host in
      let first = try #require(try await host.control.start(host.shell("exec sleep 600"), in: .a).pid)
      kill(first, SIGKILL)
      let again = try await host.slot("a new process") { $0.state == .running && $0.pid != first }
      #expect(again.crashes == 1)
      #expect(again.lastExit?.signal == SIGKILL)
      #expect(host.supervised == [try #require(again.pid)])
      #expect(try await host.control.start(host.shell("exec sleep 600"), in: .a).pid == again.pid)
    }
  }

  @Test("a limit ends the restarts: none at all is exited, one or more is gave-up")
  func limits() async throws {
    try await HostFixture.withHost { host in
      _ = try await host.control.start(host.shell("exit 1", instance: "once", limit: 0), in: .a)
      _ = try await host.control.start(host.shell("exit 1", instance: "thrice", limit: 2), in: .b)
      #expect(try await host.slot("exited", in: .a) { $0.state == .exited }.crashes == 1)
      #expect(try await host.slot("gave up", in: .b) { $0.state == .gaveUp }.crashes == 3)
      try await host.killHost()
      let status = try await host.control.ensureRunning(host.launcher)
      #expect(status[.a].state == .exited)
      #expect(status[.b].state == .gaveUp)
      #expect(try await host.control.start(host.shell("exec sleep 600", instance: "once"), in: .a).crashes == 1)
    }
  }

  @Test("what a crashed process leaves behind is killed before the next start")
  func leftovers() async throws {
    try await HostFixture.withHost { host in
      let script = "test -e $FOLDER/again && exec sleep 600; touch $FOLDER/again; sleep 600 & exit 1"
      _ = try await host.control.start(host.shell(script), in: .a)
      let again = try await host.slot("restarted") { $0.crashes == 1 && $0.state == .running }
      try await eventually("one process") { host.supervised == [again.pid] }
    }
  }

  @Test("a program that vanishes is a crash, and is started when it is back")
  func vanished() async throws {
    try await HostFixture.withHost { host in
      let program = host.directory.root + "/service.sh"
      let text = "#!/bin/sh\nexec sleep 600\n"
      try host.write(text, to: "service.sh")
      chmod(program, 0o755)
      let launch = Launch(command: ["./service.sh"], directory: host.directory.root, instance: "one", release: "1")
      let first = try #require(try await host.control.start(launch, in: .a).pid)
      try FileManager.default.removeItem(atPath: program)
      kill(first, SIGKILL)
      let failed = try await host.slot("failed to start") { $0.lastExit?.failure != nil }
      #expect(failed.crashes >= 2)
      #expect(failed.lastExit?.failure?.contains("service.sh") == true)
      try host.write(text, to: "new.sh")
      chmod(host.directory.root + "/new.sh", 0o755)
      rename(host.directory.root + "/new.sh", program)
      try await host.slot("back") { $0.state == .running }
    }
  }

  @Test("output is kept, bounded, and older instances' logs stay")
  func logs() async throws {
    try await HostFixture.withHost { host in
      // The probe's limit is 64 KiB.
      let script = """
        i=0; while [ $i -lt 40 ]; do head -c 8000 /dev/zero | tr '\\0' x; i=$((i+1)); sleep 0.02; done
        echo >&2; echo written >&2; exec sleep 600
        """
      let started = try await host.control.start(host.shell(script), in: .a)
      let log = try #require(started.log)
      func size(_ path: String) -> Int {
        ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int) ?? 0
      }
      try await eventually("all is written") {
        host.text("logs/a-one.log").hasSuffix("written\n") && size(log) <= 65_536
      }
      #expect(size(log + ".1") > 0)
      #expect(size(log + ".1") <= 65_536)
      _ = try await host.control.start(host.shell("exec sleep 600", instance: "two"), in: .a, replace: true)
      #expect(host.text("logs/a-one.log").hasSuffix("written\n"))
    }
  }
}
