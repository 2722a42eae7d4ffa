internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

@Suite("Data kept by commands")
struct CommandDataStoreTests {
  private func store(_ folder: String, _ line: String = "true", readBack: String = "echo done") -> CommandDataStore {
    CommandDataStore(
      DataCommandsSpec(snapshot: line, migrate: line, readBack: readBack, timeout: .seconds(60)),
      runner: runner(in: folder))
  }

  private func order(_ deed: DataDeed) -> DataOrder {
    let deployment = deployment()
    return DataOrder(
      deed: deed, environment: deployment.environment, release: deployment.release, green: deployment.slot, blue: nil,
      run: deployment.run, greenData: .shared, now: Timestamp(milliseconds: 0))
  }

  @Test("C3: each command sees the deed, the release and the name of the run's snapshot")
  func variables() async throws {
    try await withFolder { folder in
      let line = "echo $SLIPWAY_DEED $SLIPWAY_SNAPSHOT $SLIPWAY_RELEASE $SLIPWAY_ENVIRONMENT >> seen"
      let store = store(folder, line, readBack: line + "; echo done")
      _ = try await store.carryOut(order(.backup)) { _ in }
      _ = try await store.carryOut(order(.migrate)) { _ in }
      _ = try await store.hasHappened(order(.restore))
      let seen = try String(contentsOfFile: folder + "/seen", encoding: .utf8)
      #expect(seen == "snapshot run-7 1.2 staging\nmigrate run-7 1.2 staging\nrestore run-7 1.2 staging\n")
    }
  }

  @Test("only the words done and undone are an answer; a failing read-back is none")
  func answers() async throws {
    try await withFolder { folder in
      func answer(_ line: String) async throws -> Observation {
        try await store(folder, readBack: line).hasHappened(order(.migrate))
      }
      #expect(try await answer("echo '  done '") == .done("migrate of run-7 is there"))
      #expect(try await answer("echo undone") == .undone("migrate of run-7 is not there"))
      for line in ["true", "echo half", "echo done; echo undone", "echo DONE"] {
        guard case .unclear = try await answer(line) else {
          Issue.record("'\(line)' was taken for an answer")
          continue
        }
      }
      let error = await #expect(throws: ConnectorError.self) { try await answer("echo done; exit 1") }
      #expect(error?.code == .unreachable)
    }
  }

  @Test("a failing command is a refusal, a missing one a mistake in the file")
  func failures() async throws {
    try await withFolder { folder in
      let refused = await #expect(throws: ConnectorError.self) {
        try await store(folder, "echo no space left; exit 2").carryOut(order(.backup)) { _ in }
      }
      #expect(refused?.code == .refused && refused?.message.contains("no space left") == true)
      let missing = await #expect(throws: ConnectorError.self) {
        try await store(folder, "no-such-tool").carryOut(order(.migrate)) { _ in }
      }
      #expect(missing?.code == .misconfigured)
      let unsaid = await #expect(throws: ConnectorError.self) {
        try await store(folder).carryOut(order(.restore)) { _ in }
      }
      #expect(unsaid?.message.contains("no restore command") == true)
    }
  }
}
