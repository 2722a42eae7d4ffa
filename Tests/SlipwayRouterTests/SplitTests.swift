import Foundation
import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: split")
struct SplitTests {
  @Test("ten percent of 1000 requests are 100, spread evenly", arguments: [1, 2])
  func tenPercent(loops: Int) async throws {
    try await withSlots(percent: 10, loops: loops) { rig, a, b in
      let answers = try await withClient(rig.address) { client in
        var answers = ""
        for _ in 0..<1_000 { answers += try await client.get().text }
        return answers
      }
      // One client connection lives on one loop, so its share is exact to the request.
      #expect(answers.filter { $0 == "b" }.count == 100)
      #expect(!answers.contains("bb"))
      for start in stride(from: 0, to: 1_000, by: 10) {
        #expect(answers.dropFirst(start).prefix(10).filter { $0 == "b" }.count == 1)
      }
      #expect(a.requests == 900 && b.requests == 100)
    }
  }

  @Test("many connections over two loops: each loop is exact to one request", arguments: [1, 33, 50, 99])
  func manyConnections(percent: Int) async throws {
    try await withSlots(percent: percent) { rig, _, b in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            try await withClient(rig.address) { client in
              for _ in 0..<50 {
                let answer = try await client.get()
                #expect(answer.status == 200)
              }
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(abs(b.requests - 4 * percent) <= 2)
    }
  }

  @Test("0 and 100 percent are absolute", arguments: [0, 100])
  func absolute(percent: Int) async throws {
    try await withSlots(percent: percent) { rig, a, b in
      for _ in 0..<30 {
        let answer = try await rig.get()
        #expect(answer.text == (percent == 0 ? "a" : "b"))
      }
      #expect(a.requests == (percent == 0 ? 30 : 0) && b.requests == (percent == 0 ? 0 : 30))
    }
  }

  @Test("what was set is read back, and targets that are not named stay")
  func readBack() async throws {
    try await withSlots { rig, a, b in
      let split = Split(green: .b, percent: 37, blue: .a)
      let reply = try await rig.control.set(split: split, generation: 7)
      let status = try await rig.control.status()
      #expect(reply.split == split && status.split == split && status.generation == 7)
      #expect(status.targets == [.a: a.address, .b: b.address])
      #expect(status.identity == "test" && status.problem == nil && !status.isRestored)
      #expect(status.listen == rig.address)
    }
  }

  @Test("a change that is not newer is refused with the generation in force", arguments: [0, 1, 2, 3])
  func fencing(generation: UInt64) async throws {
    try await withSlots { rig, _, _ in
      try await rig.control.set(split: Split(green: .b, percent: 5, blue: .a), generation: 3)
      let error = try #require(
        await failure { () async throws(RouterError) in
          try await rig.control.set(split: Split(green: .b, percent: 90, blue: .a), generation: generation)
        })
      #expect(error.code == .refused(generation: 3))
      #expect(error.message.contains("3"))
      #expect(try await rig.control.status().split.b == 5)
    }
  }

  @Test("a weight or a fallback without an address is refused and changes nothing")
  func noAddress() async throws {
    try await withSlots { rig, a, _ in
      let weight = await failure { () async throws(RouterError) in
        try await rig.control.set(split: Split(green: .b, percent: 10, blue: .a), targets: [.b: nil], generation: 2)
      }
      let fallback = await failure { () async throws(RouterError) in
        try await rig.control.set(split: Split(green: .b, percent: 100, blue: .a), targets: [.a: nil], generation: 2)
      }
      let nonsense = await failure { () async throws(RouterError) in
        try await rig.control.set(
          split: Split(green: .b, percent: 10, blue: .a), targets: [.b: "nowhere"], generation: 2)
      }
      #expect(weight?.code == .refused(generation: 1) && weight?.message.contains("slot b") == true)
      #expect(fallback?.code == .refused(generation: 1) && nonsense?.code == .refused(generation: 1))
      #expect(try await rig.control.status().generation == 1)
      try await rig.control.set(split: Split(green: .b, percent: 0, blue: .a), targets: [.b: nil], generation: 2)
      #expect(try await rig.control.status().targets == [.a: a.address])
    }
  }

  @Test("a slot's new address serves from the acknowledgement on, and the old one's idle connections end")
  func newAddress() async throws {
    try await withSlots { rig, a, _ in
      let next = try await TestUpstream.start { _ in .text(200, "next") }
      try await withClient(rig.address) { client in
        _ = try await client.get()
        try await rig.control.set(
          split: Split(green: .b, percent: 0, blue: .a), targets: [.a: next.address], generation: 2)
        for _ in 0..<3 {
          let answer = try await client.get()
          #expect(answer.text == "next")
        }
      }
      let isClosed = await eventually { a.openConnections == 0 }
      #expect(isClosed && a.requests == 1)
      await next.kill()
    }
  }

  @Test("nothing set: 503 with a reason in JSON")
  func nothingSet() async throws {
    try await withRig { rig in
      let answer = try await rig.get()
      #expect(answer.status == 503)
      #expect(answer.text.contains("no_live_slot"))
      #expect(answer.head.headers.first(name: "content-type") == "application/json")
      #expect(try await rig.control.status().unrouted == 1)
    }
  }

  @Test("weights change under load and no request fails")
  func underLoad() async throws {
    try await withSlots { rig, a, b in
      let isDone = Gate()
      let failed = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<8 {
          group.addTask {
            try await withClient(rig.address) { client in
              var failed = 0
              var isLast = false
              while !isLast {
                isLast = isDone.isOpen
                if try await client.get().status != 200 { failed += 1 }
              }
              return failed
            }
          }
        }
        for generation in 2..<62 {
          let percent = [0, 10, 50, 100][generation % 4]
          try await rig.control.set(split: Split(green: .b, percent: percent, blue: .a), generation: UInt64(generation))
          let reached = a.requests + b.requests + 20
          _ = await eventually { a.requests + b.requests >= reached }
        }
        isDone.open()
        return try await group.reduce(0, +)
      }
      #expect(failed == 0)
      #expect(b.requests > 0 && a.requests > 0)
      let counters = try await rig.control.counters()
      #expect(
        counters.slot(.a).counters.requests + counters.slot(.b).counters.requests == UInt64(a.requests + b.requests))
      #expect(counters.slot(.a).counters.errors + counters.slot(.b).counters.errors == 0)
    }
  }

  @Test("after the acknowledgement of 0 percent no request reaches green")
  func rollback() async throws {
    try await withSlots(percent: 100) { rig, _, b in
      for generation in 2..<22 {
        try await withClient(rig.address) { client in
          _ = try await client.get()
          try await rig.control.set(
            split: Split(green: .b, percent: generation % 2 == 0 ? 0 : 100, blue: .a), generation: UInt64(generation))
          let expected = generation % 2 == 0 ? "a" : "b"
          for _ in 0..<5 { #expect(try await client.get().text == expected) }
        }
      }
      #expect(b.requests > 0)
    }
  }

  @Test("X-Canary leads to the candidate, unless it is switched off or there is no candidate")
  func canary() async throws {
    try await withSlots { rig, _, _ in
      #expect(try await rig.get(headers: ["X-Canary": "green"]).text == "b")
      #expect(try await rig.get(headers: ["X-Canary": "blue"]).text == "a")
      #expect(try await rig.control.counters().slot(.b).testers == 1)
      try await rig.control.set(split: Split(green: .b, percent: 0, blue: .a), generation: 2, testers: false)
      #expect(try await rig.get(headers: ["X-Canary": "green"]).text == "a")
      try await rig.control.set(
        split: Split(green: .b, percent: 0, blue: .a), targets: [.b: nil], generation: 3, testers: true)
      #expect(try await rig.get(headers: ["X-Canary": "green"]).text == "a")
    }
  }
}

/// The error that `body` ends with, or nil.
func failure<Result>(_ body: () async throws(RouterError) -> Result) async -> RouterError? {
  do throws(RouterError) {
    _ = try await body()
    return nil
  } catch {
    return error
  }
}
