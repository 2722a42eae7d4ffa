import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("Deeds by a role that is no superuser")
struct PlainRoleTests {
  @Test(
    "B1: CREATEDB, pg_signal_backend and the owner's membership are enough for everything",
    arguments: [GreenData.copy, .source, .shared])
  func enough(data: GreenData) async throws {
    let cluster = try await RealPostgres.shared.cluster()
    let owner = await RealPostgres.shared.freshName("owner")
    let role = await RealPostgres.shared.freshName("plain")
    let session = try await cluster.session()
    try await session.rows("CREATE ROLE \(owner) LOGIN")
    try await session.rows("CREATE ROLE \(role) LOGIN CREATEDB")
    try await session.rows("GRANT pg_signal_backend, \(owner) TO \(role)")
    try await Shop.with(user: role, migrate: "exit 0") { shop in
      try await session.rows("ALTER DATABASE \(shop.name) OWNER TO \(owner)")
      for table in ["attachment", "orders"] {
        try await cluster.session(shop.name).rows("ALTER TABLE \(table) OWNER TO \(owner)")
      }
      let ready = await shop.store.readiness(live: .a)
      #expect(ready.checks.filter { !$0.passed } == [])
      try await shop.carryOut(shop.deed(.backup, data))
      if data == .shared {
        try await shop.carryOut(shop.deed(.migrate, data))
        try await shop.carryOut(shop.deed(.restore, data))
      } else {
        if data == .source { try await shop.carryOut(shop.deed(.snapshot, data)) }
        try await shop.carryOut(shop.deed(.green, data))
        try await shop.carryOut(shop.deed(.migrate, data))
        try await shop.carryOut(shop.deed(.swap, data))
        try await shop.carryOut(shop.deed(.swapBack, data, servedSince: Shop.now))
        try await shop.carryOut(shop.deed(.resumeWrites, data))
        try await shop.carryOut(shop.deed(.setAside, data))
      }
      #expect(try await shop.orders().count == 3)
      let rows = try await session.rows(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1", [shop.name])
      #expect(rows == [[owner]])
    }
  }
}
