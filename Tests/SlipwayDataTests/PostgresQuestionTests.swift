import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("One question to a database")
struct PostgresQuestionTests {
  private func asked(_ query: String, _ cluster: RealPostgres, _ database: String) async throws -> [String?]? {
    try await PostgresQuestion(secrets: SecretSource(environment: ["PW": "hunter2"], folder: "/"))
      .firstRow(
        of: query, at: SecretText("postgresql://postgres:${env:PW}@127.0.0.1:\(cluster.port)/\(database)"))
  }

  @Test("C2: a test transaction is taken back, whatever it wrote")
  func transaction() async throws {
    let cluster = try await RealPostgres.shared.cluster()
    let name = await RealPostgres.shared.freshName()
    let server = try await cluster.session()
    try await server.rows("CREATE DATABASE \(name)")
    let session = try await cluster.session(name)
    try await session.rows("CREATE TABLE orders (id int)")
    let row = try await asked("INSERT INTO orders VALUES (7) RETURNING id", cluster, name)
    #expect(row == ["7"])
    #expect(try await session.value("SELECT count(*) FROM orders") == "0")
    #expect(try await asked("SELECT 1 WHERE false", cluster, name) == nil)
    #expect(try await asked("SELECT NULL", cluster, name) == .some([nil]))
  }

  @Test("C2, B11: a table that is missing and a database that is, are told without the password")
  func refused() async throws {
    let cluster = try await RealPostgres.shared.cluster()
    for (query, database) in [("SELECT * FROM no_such_table", "postgres"), ("SELECT 1", "no_such_database")] {
      let error = await #expect(throws: ConnectorError.self) { try await asked(query, cluster, database) }
      #expect(error?.message.contains("no_such") == true && error?.message.contains("hunter2") == false)
    }
  }

  @Test("C5: counters and gauges come from a real database, per slot and release, and leave nothing behind")
  func counters() async throws {
    let cluster = try await RealPostgres.shared.cluster()
    let name = await RealPostgres.shared.freshName()
    let server = try await cluster.session()
    try await server.rows("CREATE DATABASE \(name)")
    let session = try await cluster.session(name)
    try await session.rows("CREATE TABLE counts (slot text, release text, requests bigint, errors bigint)")
    try await session.rows("INSERT INTO counts VALUES ('a', '1.0', 90, 1), ('b', 'it''s \\', 40, 2)")
    let url = SecretText("postgresql://postgres:${env:PW}@127.0.0.1:\(cluster.port)/\(name)")
    let secrets = SecretSource(environment: ["PW": "hunter2"], folder: "/")
    let spec = SQLSourceSpec(
      database: url, query: "SELECT requests, errors FROM counts WHERE slot = ${slot} AND release = ${release}",
      timeout: .seconds(60))
    let source = try SQLSource(spec, database: PostgresQuestion(secrets: secrets, name: "slipway metrics"))
    let sample = try await source.sample(
      now: Timestamp(milliseconds: 0), releases: [.a: "1.0", .b: ReleaseID(#"it's \"#)])
    #expect(sample.slots[.a] == SlotCounters(requests: 90, serverErrors: 1))
    #expect(sample.slots[.b] == SlotCounters(requests: 40, serverErrors: 2))
    let none = try await source.sample(now: Timestamp(milliseconds: 0), releases: [.a: "1.0", .b: "' OR true --"])
    #expect(none.slots[.b] == nil && none.missing?[.b]?.contains("no row") == true)
  }
}
