internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

/// A deployment of release `id` into slot b of staging.
func deployment(_ id: ReleaseID = "1.2", digest: Digest? = nil, slot: Slot = .b, run: RunID = "run-7") -> Deployment {
  Deployment(
    environment: "staging", slot: slot, release: Release(id: id, artifact: "app.tar", digest: digest, commit: "c0ffee"),
    run: run)
}

@Suite("Deploying by commands")
struct CommandDeployerTests {
  private func deployer(
    _ folder: String, run: String = "true", readBack: String? = nil, destroy: String? = nil,
    timeout: Span = .seconds(60)
  ) -> CommandDeployer {
    CommandDeployer(
      CommandsSpec(
        run: run, readBack: readBack, destroy: destroy, addressA: "127.0.0.1:7001", addressB: "127.0.0.1:7002",
        timeout: timeout), runner: runner(in: folder))
  }

  @Test("the command sees what it is to deploy, and where")
  func variables() async throws {
    try await withFolder { folder in
      let names = [
        "RELEASE", "ARTIFACT", "DIGEST", "COMMIT", "SLOT", "ENVIRONMENT", "RUN", "ADDRESS",
      ].map { "$SLIPWAY_\($0)" }
      let digest = Digest(of: Data("app".utf8))
      _ = try await deployer(folder, run: "echo \(names.joined(separator: " ")) $PORT > seen").deploy(
        deployment(digest: digest))
      let seen = try String(contentsOfFile: folder + "/seen", encoding: .utf8)
      #expect(seen == "1.2 app.tar \(digest) c0ffee b staging run-7 127.0.0.1:7002 7002\n")
    }
  }

  @Test("a command that fails is a refusal with its last words; a missing program is a mistake in the file")
  func failure() async throws {
    try await withFolder { folder in
      let refused = await #expect(throws: ConnectorError.self) {
        try await deployer(folder, run: "echo first; echo quota exceeded >&2; exit 3").deploy(deployment())
      }
      #expect(refused?.code == .refused)
      #expect(refused?.message.contains("code 3") == true && refused?.message.contains("quota exceeded") == true)
      let missing = await #expect(throws: ConnectorError.self) {
        try await deployer(folder, run: "no-such-deploy-tool --now").deploy(deployment())
      }
      #expect(missing?.code == .misconfigured)
      #expect(missing?.message.contains("on the PATH") == true)
    }
  }

  @Test("read_back tells release, digest, empty slot, and nothing at all when it is not configured")
  func readBack() async throws {
    try await withFolder { folder in
      let digest = Digest(of: Data("app".utf8))
      func contents(_ line: String?) async throws -> SlotContents {
        try await deployer(folder, readBack: line).contents(of: deployment(digest: digest))
      }
      #expect(try await contents("echo 1.1; echo 'client is old' >&2") == .release("1.1"))
      #expect(try await contents("echo \(digest)") == .release("1.2"))
      #expect(try await contents("echo \(digest.hex)") == .release("1.2"))
      #expect(try await contents("echo") == .empty)
      #expect(try await contents("true") == .empty)
      #expect(try await contents(nil) == .unknown)
    }
  }

  @Test("read_back that fails, hangs or chatters is an error and never an empty slot")
  func badReadBack() async throws {
    try await withFolder { folder in
      func code(_ line: String, timeout: Span = .seconds(60)) async -> ConnectorError.Code? {
        await #expect(throws: ConnectorError.self) {
          try await deployer(folder, readBack: line, timeout: timeout).contents(of: deployment())
        }?.code
      }
      #expect(await code("exit 1") == .unreachable)
      #expect(await code("no-such-tool") == .misconfigured)
      #expect(await code("echo a; echo b") == .garbage)
      #expect(await code("sleep 600", timeout: .seconds(1)) == .timedOut)
    }
  }

  @Test("destroy runs its command, and without one keeps the slot and says so")
  func destroy() async throws {
    try await withFolder { folder in
      _ = try await deployer(folder, destroy: "echo $SLIPWAY_SLOT > gone").destroy(deployment())
      #expect(try String(contentsOfFile: folder + "/gone", encoding: .utf8) == "b\n")
      #expect(try await deployer(folder).destroy(deployment()).contains("kept"))
      #expect(try await deployer(folder).crashes(.b) == nil)
    }
  }
}
