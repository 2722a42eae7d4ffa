import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("Exit gates in PostgreSQL")
struct PostgresExitTests {
  private static let facts: [String: String?] = [
    "project": "shop", "release": "1.1'; DROP TABLE services; --", "environment": "production", "commit": nil,
  ]

  /// A database with two services.
  private func with(
    _ body: (PostgresSession, (String, Int, String?) -> SQLExit, PostgresExit) async throws -> Void
  ) async throws {
    let cluster = try await RealPostgres.shared.cluster()
    let name = "exit_\(UInt32.random(in: .min ... .max))"
    let maintenance = try await cluster.session()
    try await maintenance.rows("CREATE DATABASE \(name)")
    let session = try await cluster.session(name)
    try await session.rows("CREATE TABLE services(name text PRIMARY KEY, stage text, version text)")
    try await session.rows("INSERT INTO services VALUES ('shop', 'staged', '1.0'), ('other', 'staged', '1.0')")
    try await body(
      session,
      { update, rows, back in
        SQLExit(
          database: SecretText("postgresql://postgres@127.0.0.1:\(cluster.port)/\(name)"), update: SQLTemplate(update),
          rows: rows, readBack: back.map { SQLTemplate($0) })
      }, PostgresExit(secrets: SecretSource(environment: [:], folder: "/")))
  }

  @Test("C9: the stage moves on in exactly one row, with values that stay values, and a repeat is harmless")
  func moves() async throws {
    try await with { session, spec, exit in
      let stage = spec("UPDATE services SET stage = 'released', version = ${release} WHERE name = ${project}", 1, nil)
      for _ in 0..<2 {
        let said = try await exit.change(stage, Self.facts)
        #expect(said.contains("1 row changed"))
      }
      let row = try await session.rows("SELECT stage, version FROM services WHERE name = 'shop'")
      #expect(row == [["released", "1.1'; DROP TABLE services; --"]])
      #expect(try await session.value("SELECT stage FROM services WHERE name = 'other'") == "staged")
    }
  }

  @Test("C9: more or fewer rows than expected change nothing", arguments: [0, 2])
  func wrongCount(rows: Int) async throws {
    try await with { session, spec, exit in
      let condition = rows == 0 ? "name = 'nobody'" : "true"
      let error = await #expect(throws: ConnectorError.self) {
        try await exit.change(spec("UPDATE services SET stage = 'released' WHERE \(condition)", 1, nil), Self.facts)
      }
      #expect(error?.code == .refused && error?.message.contains("\(rows) rows would have changed") == true)
      let untouched = try await session.value("SELECT count(*) FROM services WHERE stage = 'staged'")
      #expect(untouched == "2")
    }
  }

  @Test("C9, F1: a change that happened before a crash is read back, not made twice")
  func readBack() async throws {
    try await with { session, spec, exit in
      let guarded = spec(
        "UPDATE services SET stage = 'released' WHERE name = ${project} AND stage = 'staged'", 1,
        "SELECT stage = 'released' FROM services WHERE name = ${project}")
      #expect(try await exit.change(guarded, Self.facts).contains("read back as true"))
      #expect(try await exit.change(guarded, Self.facts).contains("so already"))
      let insert = spec(
        "INSERT INTO services VALUES ('third', 'released', ${release})", 1,
        "SELECT count(*) = 1 FROM services WHERE name = 'third'")
      for _ in 0..<2 { _ = try await exit.change(insert, Self.facts) }
      #expect(try await session.value("SELECT count(*) FROM services") == "3")
    }
  }

  @Test("C9: a change that is not read back is not kept")
  func notReadBack() async throws {
    try await with { session, spec, exit in
      let wrong = spec(
        "UPDATE services SET stage = 'released' WHERE name = ${project}", 1, "SELECT false")
      let error = await #expect(throws: ConnectorError.self) { try await exit.change(wrong, Self.facts) }
      #expect(error?.message.contains("not read back") == true)
      let stage = try await session.value("SELECT stage FROM services WHERE name = 'shop'")
      #expect(stage == "staged")
    }
  }

  @Test("F7: a database that is not there, or says no, is told apart")
  func trouble() async throws {
    try await with { _, spec, exit in
      let gone = SQLExit(
        database: SecretText("postgresql://u@127.0.0.1:1/x"), update: SQLTemplate("UPDATE a SET b = 1"))
      let unreachable = await #expect(throws: ConnectorError.self) { try await exit.change(gone, Self.facts) }
      #expect(unreachable?.code == .unreachable)
      let missing = spec("UPDATE no_such_table SET b = 1", 1, nil)
      let refused = await #expect(throws: ConnectorError.self) { try await exit.change(missing, Self.facts) }
      #expect(refused?.code == .refused)
    }
  }
}
