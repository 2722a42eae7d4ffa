import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("One connection to PostgreSQL")
struct PostgresSessionTests {
  @Test("values come back as they were given, nothing as nothing")
  func values() async throws {
    let session = try await RealPostgres.shared.cluster().session()
    let rows = try await session.rows("SELECT $1::text, $2::int + 1, NULL", ["it's \"so\" \\ ünï", "41"])
    #expect(rows == [["it's \"so\" \\ ünï", "42", nil]])
    #expect(try await session.value("SELECT " + PostgresSession.literal(#"a'b\c"#)) == #"a'b\c"#)
  }

  @Test("F7: a mistake names the database, says what the server says, and gives its code")
  func refusal() async throws {
    let session = try await RealPostgres.shared.cluster().session()
    let error = await #expect(throws: DatabaseError.self) { try await session.rows("SELECT nonsense") }
    #expect(error?.state == "42703")
    #expect(error?.code == .refused)
    #expect(error?.message.contains("database postgres at postgres@127.0.0.1") == true)
  }

  @Test("F7: nobody there, and a database that does not exist, are told apart")
  func unreachable() async throws {
    let secrets = SecretSource(environment: ["PW": "hunter2"], folder: "/")
    let nobody = try PostgresAddress(
      SecretText("postgresql://u:${env:PW}@127.0.0.1:\(try freePort())/postgres"), secrets: secrets)
    let error = await #expect(throws: DatabaseError.self) { try await PostgresSession.open(nobody) }
    #expect(error?.code == .unreachable)
    #expect(error?.message.contains("hunter2") == false)
    let cluster = try await RealPostgres.shared.cluster()
    let missing = await #expect(throws: DatabaseError.self) { try await cluster.session("no_such_database") }
    #expect(missing?.code == .refused)
    #expect(throws: ConnectorError.self) {
      try PostgresAddress(SecretText("postgresql://u:${env:PW}@[::1/x"), secrets: secrets)
    }
  }

  @Test("a statement whose task is cancelled ends at once")
  func cancelling() async throws {
    let session = try await RealPostgres.shared.cluster().session()
    let task = Task { try await session.rows("SELECT pg_sleep(600)") }
    let watcher = try await RealPostgres.shared.cluster().session()
    try await eventually("the statement runs") {
      try await watcher.value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%'") != "0"
    }
    task.cancel()
    await #expect(throws: DatabaseError.self) { try await task.value }
    #expect(try await session.value("SELECT 1") == "1")
  }
}
