import Foundation
import Glibc
import SlipwayHost
import SlipwayModel
import Testing

/// A folder for one host and whatever is started in it; at the end nothing of it is left, whatever happened.
struct HostFixture {
  let directory: HostDirectory
  let control: HostControl

  /// Where the built programs lie, the tests' own one among them.
  static let probe: String = {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: own).deletingLastPathComponent().path + "/host-probe"
  }()

  var launcher: HostLauncher { HostLauncher(command: [Self.probe, "host", directory.root], environment: [:]) }

  /// Hands `body` a folder with no host in it.
  static func withFolder(
    named name: String = "host", _ body: (HostFixture) async throws -> Void
  ) async throws {
    let parent = NSTemporaryDirectory() + "slipway-host-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: parent + "/" + name, withIntermediateDirectories: true)
    let path = parent + "/" + name
    let fixture = HostFixture(
      directory: HostDirectory(path), control: HostControl(directory: path, patience: .seconds(60)))
    do {
      try await body(fixture)
    } catch {
      try await fixture.sweep(parent)
      throw error
    }
    try await fixture.sweep(parent)
  }

  /// Hands `body` a folder with a host that answers.
  static func withHost(named name: String = "host", _ body: (HostFixture) async throws -> Void) async throws {
    try await withFolder(named: name) { fixture in
      try await fixture.control.ensureRunning(fixture.launcher)
      try await body(fixture)
    }
  }

  /// The processes that name this folder in their command line or environment and still execute.
  var processes: [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { pid in
      pid != getpid() && state(of: pid).map { $0 != "Z" && $0 != "X" } == true
        && ["cmdline", "environ"].contains { file in
          (FileManager.default.contents(atPath: "/proc/\(pid)/\(file)") ?? Data())
            .split(separator: 0)
            .contains { String(decoding: $0, as: UTF8.self).hasSuffix(directory.root) }
        }
    }
  }

  /// The same without hosts: what hosts have started.
  var supervised: [Int32] {
    processes.filter { pid in
      let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ") ?? Data()
      return String(decoding: environment, as: UTF8.self).contains("SLIPWAY_INSTANCE=")
    }
  }

  private func sweep(_ parent: String) async throws {
    try await eventually("nothing is left of \(parent)") {
      for pid in processes { kill(pid, SIGKILL) }
      return processes.isEmpty
    }
    try FileManager.default.removeItem(atPath: parent)
  }

  /// A launch of `script` by the shell.
  func shell(_ script: String, instance: String = "one", limit: Int? = nil) -> Launch {
    Launch(
      command: ["sh", "-c", script], environment: ["FOLDER": directory.root], directory: directory.root,
      instance: instance, release: "1.4.2", restartLimit: limit)
  }

  /// Kills the host without a chance to say anything and waits until it is gone.
  func killHost() async throws {
    let pid = try await control.status().pid
    kill(pid, SIGKILL)
    try await eventually("the host is gone") { !isExecuting(pid) }
  }

  /// Waits until the slot satisfies `condition`, and returns it.
  @discardableResult
  func slot(
    _ what: Comment, in slot: Slot = .a, _ condition: (SlotStatus) -> Bool
  ) async throws -> SlotStatus {
    var last = SlotStatus(slot: slot, state: .stopped)
    try await eventually(what) {
      last = try await control.status()[slot]
      return condition(last)
    }
    return last
  }

  func text(_ name: String) -> String {
    String(decoding: FileManager.default.contents(atPath: directory.root + "/" + name) ?? Data(), as: UTF8.self)
  }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory.root + "/" + name))
  }
}

/// Waits until `condition` holds, for at most a minute.
func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(60)
  while ContinuousClock.now < end {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(20))
  }
  Issue.record("never came true: \(what)")
}

/// The state letter of a process; nil when there is none.
func state(of pid: Int32) -> Character? {
  statFields(of: pid)?.first.flatMap { $0.first }
}

/// What follows the name in `/proc/PID/stat`.
func statFields(of pid: Int32) -> [Substring]? {
  guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat"), !data.isEmpty else { return nil }
  let text = String(decoding: data, as: UTF8.self)
  return text.lastIndex(of: ")").map { text[text.index(after: $0)...].split(separator: " ") }
}

/// Whether a process is there and no zombie.
func isExecuting(_ pid: Int32) -> Bool {
  state(of: pid).map { $0 != "Z" && $0 != "X" } ?? false
}

/// The error `body` ends with; records an issue when it ends well.
func hostError(_ body: () async throws -> Void) async -> HostError? {
  do {
    try await body()
    Issue.record("no error")
    return nil
  } catch {
    #expect(error is HostError, "\(error)")
    return error as? HostError
  }
}
