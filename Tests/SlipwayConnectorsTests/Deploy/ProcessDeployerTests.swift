internal import Foundation
internal import SlipwayConnectors
internal import SlipwayHost
internal import SlipwayModel
internal import Testing

@Suite("Deploying as local processes")
struct ProcessDeployerTests {
  /// The host of the tests, which lies beside the tests' own bundle.
  private static var hostProgram: String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let places = [Bundle.main.bundlePath, URL(fileURLWithPath: own).deletingLastPathComponent().path]
    return places.map { $0 + "/host-probe" }.first { FileManager.default.isExecutableFile(atPath: $0) } ?? ""
  }

  private static let secret = "hunter2-hunter2"

  /// A deployer in a folder of its own; its host and processes are ended with the test.
  private func withDeployer(
    run line: String, _ body: (ProcessDeployer, String) async throws -> Void
  ) async throws {
    try await withFolder { folder in
      try #require(!Self.hostProgram.isEmpty, "host-probe was not built")
      let spec = ProcessesSpec(
        run: line, portA: 7001, portB: 7002, environment: ["TOKEN": SecretText("${env:TOKEN}")],
        stopGrace: .seconds(20))
      let deployer = ProcessDeployer(
        spec, folder: folder, hostFolder: folder + "/host",
        // The probe wants its folder bare, the deployer adds `--dir FOLDER`.
        program: ["/bin/sh", "-c", "exec \(Self.hostProgram) host \"$2\"", "sh"],
        inherited: ["PATH": "/usr/bin:/bin"],
        secrets: SecretSource(environment: ["TOKEN": Self.secret], folder: folder))
      let control = HostControl(directory: folder + "/host", patience: .seconds(60))
      do {
        try await body(deployer, folder)
        _ = try? await control.shutdown(stopProcesses: true)
      } catch {
        _ = try? await control.shutdown(stopProcesses: true)
        throw error
      }
    }
  }

  @Test("a deployed release runs once, is read back, and is gone when destroyed")
  func life() async throws {
    let line = "echo $$ $SLIPWAY_RELEASE $SLIPWAY_SLOT $SLIPWAY_ENVIRONMENT $PORT $TOKEN >> seen; exec sleep 600"
    try await withDeployer(run: line) { deployer, folder in
      #expect(try await deployer.contents(of: deployment()) == .empty)
      let first = try await deployer.deploy(deployment())
      let lines = { (try? String(contentsOfFile: folder + "/seen", encoding: .utf8))?.split(separator: "\n") ?? [] }
      try await eventually("the process runs") { !lines().isEmpty }
      #expect(try await deployer.deploy(deployment()) == first, "a repeat is harmless")
      #expect(try await deployer.contents(of: deployment()) == .release("1.2"))
      #expect(try await deployer.crashes(.b) == 0)
      let seen = try #require(lines().first?.split(separator: " "))
      #expect(seen.dropFirst() == ["1.2", "b", "staging", "7002", Self.secret[...]])
      #expect(lines().count == 1)
      let id = try #require(pid_t(seen[0]))
      #expect(isRunning(id))
      _ = try await deployer.destroy(deployment())
      try await eventually("every process has ended") { !isRunning(id) }
      #expect(try await deployer.contents(of: deployment()) == .empty)
      _ = try await deployer.destroy(deployment())
    }
  }

  @Test("a newer release takes the candidate's slot, and the other slot stays as it is")
  func replaced() async throws {
    try await withDeployer(run: "exec sleep 600") { deployer, _ in
      _ = try await deployer.deploy(deployment("1.1", slot: .a, run: "run-1"))
      _ = try await deployer.deploy(deployment("1.2", run: "run-2"))
      _ = try await deployer.deploy(deployment("1.3", run: "run-3"))
      #expect(try await deployer.contents(of: deployment("1.3")) == .release("1.3"))
      #expect(try await deployer.contents(of: deployment("1.1", slot: .a)) == .release("1.1"))
    }
  }

  @Test("crashes of a slot are counted")
  func crashes() async throws {
    try await withDeployer(run: "exit 1") { deployer, _ in
      _ = try await deployer.deploy(deployment())
      try await eventually("two crashes are counted") { try await deployer.crashes(.b) ?? 0 >= 2 }
    }
  }

  @Test("a missing secret is named and nothing is started")
  func missingSecret() async throws {
    try await withFolder { folder in
      let spec = ProcessesSpec(
        run: "true", portA: 1, portB: 2, environment: ["A": SecretText("${env:A}-\(Self.secret)")])
      let deployer = ProcessDeployer(
        spec, folder: folder, hostFolder: folder + "/host", program: ["/bin/false"], inherited: [:],
        secrets: SecretSource(environment: [:], folder: folder))
      let error = await #expect(throws: ConnectorError.self) { try await deployer.deploy(deployment()) }
      #expect(error?.code == .misconfigured)
      #expect(error?.message.contains("variable A is not set") == true)
    }
  }
}
