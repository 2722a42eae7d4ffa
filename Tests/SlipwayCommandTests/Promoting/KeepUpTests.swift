import Foundation
import Glibc
import Testing

@Suite("What serves is kept up between promotions", .serialized)
struct KeepUpTests {
  @Test(
    "F1: a router and a host process that were killed come back by themselves while a driver runs, with the split as it was"
  )
  func killed() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      try await shop.withDriver { _ in
        let router = try #require(shop.router())
        kill(router, SIGKILL)
        try await eventually("the front door answers again", within: .seconds(60)) {
          var ask = HTTPAsk(port: shop.ports.front)
          return (try? ask.get("/version"))?.body.contains("1.0.0") == true
        }
        #expect(shop.router() != router)
        let host = try #require(shop.host())
        let service = try #require(shop.services().values.first?.first)
        kill(host, SIGKILL)
        try await eventually("another host is there", within: .seconds(60)) {
          shop.host().map { $0 != host } ?? false
        }
        #expect(shop.services().values.flatMap { $0 } == [service], "the service went on, and only one is there")
        kill(service, SIGKILL)
        try await eventually("the new host has started it again", within: .seconds(60)) {
          let now = shop.services().values.flatMap { $0 }
          return now.count == 1 && now != [service]
        }
      }
    }
  }
}
