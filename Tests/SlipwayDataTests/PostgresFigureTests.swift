import AsyncHTTPClient
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("A business figure from a database")
struct PostgresFigureTests {
  @Test("E14: the first value is the figure, nothing is changed, and what is no number is no figure")
  func figure() async throws {
    let cluster = try await RealPostgres.shared.cluster()
    let name = await RealPostgres.shared.freshName()
    let server = try await cluster.session()
    try await server.rows("CREATE DATABASE \(name)")
    let session = try await cluster.session(name)
    try await session.rows("CREATE TABLE orders (total numeric)")
    try await session.rows("INSERT INTO orders VALUES (12.5), (30)")
    let secrets = SecretSource(environment: ["PW": "hunter2"], folder: "/")
    let systems = AlertSystems(
      client: HTTPClient.shared, secrets: secrets,
      runner: CommandRunner(folder: "/", inherited: [:], secrets: secrets),
      database: PostgresQuestion(secrets: secrets))
    let deployment = Deployment(
      environment: "production", slot: .a, release: Release(id: "1.1", artifact: "shop"), run: "run-1")
    func ask(_ query: String) async throws -> Double? {
      let url = SecretText("postgresql://postgres:${env:PW}@127.0.0.1:\(cluster.port)/\(name)")
      return try await systems.figure(FigureSpec(source: .sql(url: url, query: query)), of: deployment)
    }
    #expect(try await ask("SELECT sum(total) FROM orders") == 42.5)
    #expect(try await ask("DELETE FROM orders RETURNING 1") == 1)
    #expect(try await session.value("SELECT count(*) FROM orders") == "2")
    #expect(try await ask("SELECT total FROM orders WHERE false") == nil)
    #expect(try await ask("SELECT NULL") == nil)
    #expect(try await ask("SELECT 'NaN'::float8") == nil)
    #expect(try await ask("SELECT 'many'") == nil)
    let error = await #expect(throws: ConnectorError.self) { try await ask("SELECT * FROM no_such_table") }
    #expect(error?.message.contains("hunter2") == false)
  }
}
