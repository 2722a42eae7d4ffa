import Foundation
import Glibc
import SlipwayHost
import SlipwayModel
import Testing

@Suite("Host: its start")
struct HostStartTests {
  @Test("a host outlives the command that started it and leaves no zombie")
  func outlives() async throws {
    try await HostFixture.withFolder { host in
      let command = try DetachedProcess.spawn(
        [HostFixture.probe, "ensure", host.directory.root], environment: [:], log: host.directory.root + "/command.log",
        directory: "/")
      try await eventually("the command has ended") { command.ended != nil }
      #expect(command.ended == .exited(code: 0))
      #expect(state(of: command.pid) == nil)
      let pid = try await host.control.status().pid
      #expect(host.text("command.log") == "\(pid)\n")
      #expect(statFields(of: pid)?[3] == "\(pid)", "a session of its own")
    }
  }

  @Test("many starters at once end up with one host")
  func race() async throws {
    try await HostFixture.withFolder { host in
      let pids = try await withThrowingTaskGroup(of: Int32.self) { group in
        for _ in 0..<6 { group.addTask { try await host.control.ensureRunning(host.launcher).pid } }
        return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
      }
      #expect(pids.count == 1)
      try await eventually("the others are gone") { host.processes.count == 1 }
    }
  }

  @Test("a second host on the folder is refused and harms nothing")
  func second() async throws {
    try await HostFixture.withHost { host in
      let first = try await host.control.status().pid
      let second = try DetachedProcess.spawn(
        host.launcher.command, environment: [:], log: host.directory.root + "/second.log", directory: "/")
      try await eventually("it has ended") { second.ended != nil }
      #expect(second.ended == .exited(code: HostServer.alreadyRunningExit))
      #expect(host.text("second.log").contains("another host holds '\(host.directory.root)'"))
      #expect(try await host.control.status().pid == first)
    }
  }

  @Test("a killed host that its starter outlives is no zombie")
  func reaped() async throws {
    try await HostFixture.withHost { host in
      let pid = try await host.control.status().pid
      kill(pid, SIGKILL)
      try await eventually("nothing is left") { state(of: pid) == nil }
    }
  }

  @Test("a path longer than a socket address works")
  func longPath() async throws {
    try await HostFixture.withHost(named: String(repeating: "long/", count: 30) + "host") { host in
      #expect(host.directory.socketPath.utf8.count > 107)
      let started = try await host.control.start(host.shell("exec sleep 600"), in: .a)
      #expect(started.state == .running)
    }
  }

  @Test("files of the host are its owner's alone")
  func modes() async throws {
    try await HostFixture.withHost { host in
      _ = try await host.control.start(host.shell("exec sleep 600"), in: .a)
      for name in ["host.sock", "host.lock", "host.log", "slots.json", "logs/a-one.log"] {
        let path = host.directory.root + "/" + name
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600, "\(name)")
      }
    }
  }

  @Test("a host that cannot be started is reported with the reason")
  func noProgram() async throws {
    try await HostFixture.withFolder { host in
      let missing = HostLauncher(command: ["/no/such/slipway"], environment: [:])
      #expect(await hostError { try await host.control.ensureRunning(missing) }?.code == .cannotStart)
      let failing = HostLauncher(command: ["/bin/sh", "-c", "echo no such option >&2; exit 64"], environment: [:])
      let error = await hostError { try await host.control.ensureRunning(failing) }
      #expect(error?.code == .cannotStart)
      #expect(error?.message.contains("no such option") == true)
    }
  }

  @Test("a program with an unpleasant name is watched and adopted like any other")
  func unpleasantName() async throws {
    try await HostFixture.withHost { host in
      let program = host.directory.root + "/a) R (1 2"
      try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: program)
      let launch = Launch(command: [program, "600"], directory: "/", instance: "one", release: "1")
      let pid = try await host.control.start(launch, in: .a).pid
      try await host.killHost()
      #expect(try await host.control.ensureRunning(host.launcher)[.a].pid == pid)
    }
  }
}
