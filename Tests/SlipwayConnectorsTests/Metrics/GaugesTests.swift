import AsyncHTTPClient
import Foundation
import SlipwayHost
import SlipwayModel
import Testing

@testable import SlipwayConnectors

@Suite("Gauges")
struct GaugesTests {
  /// Answers each query from a table; a query that is not in it gives no row.
  struct ScriptedDatabase: DatabaseQuestion {
    var rows: [String: [String?]] = [:]
    var failure: ConnectorError?

    func firstRow(of query: String, at url: SecretText) async throws(ConnectorError) -> [String?]? {
      if let failure { throw failure }
      return rows[query]
    }
  }

  private static let releases: [Slot: ReleaseID] = [.a: "1.0", .b: "1.1"]
  private static let now = Timestamp(milliseconds: 1_800_000_000_000)

  private static func tools(
    _ folder: URL, database: ScriptedDatabase = ScriptedDatabase(),
    client: HTTPClient, process: (@Sendable (Slot) async throws(ConnectorError) -> Int32?)? = nil
  ) -> GaugeTools {
    let secrets = SecretSource(environment: ContractServer.secrets, folder: folder.path)
    return GaugeTools(
      runner: CommandRunner(folder: folder.path, inherited: ["PATH": "/usr/bin:/bin"], secrets: secrets),
      secrets: secrets,
      client: client, database: database, folder: folder.path, process: process)
  }

  private func withTools(
    database: ScriptedDatabase = ScriptedDatabase(),
    process: (@Sendable (Slot) async throws(ConnectorError) -> Int32?)? = nil,
    _ body: (GaugeTools, URL) async throws -> Void
  ) async throws {
    try await withScratchFolder { folder in
      try await withHTTPClient { client in
        try await body(
          Self.tools(folder, database: database, client: client, process: process), folder)
      }
    }
  }

  @Test("C5: a command's number, a query's cell and a disk's free share are read for each slot")
  func local() async throws {
    let database = ScriptedDatabase(rows: ["SELECT pool('a', '1.0')": ["0.25"], "SELECT pool('b', '1.1')": ["0.75"]])
    try await withTools(database: database) { tools, _ in
      let gauges = try Gauges(
        [
          GaugeSpec(
            name: "queue", query: .command("test $SLIPWAY_SLOT = a && echo 1.5 || echo 12e3", timeout: .seconds(60))),
          GaugeSpec(
            name: "pool",
            query: .sql(
              database: SecretText("postgresql://x"), query: "SELECT pool(${slot}, ${release})", timeout: .seconds(60))),
          GaugeSpec(name: "disk", query: .disk(path: ".")),
        ], tools: tools)
      let found = try await gauges.gauges(now: Self.now, releases: Self.releases)
      #expect(found[.a]?["queue"] == 1.5 && found[.b]?["queue"] == 12_000)
      #expect(found[.a]?["pool"] == 0.25 && found[.b]?["pool"] == 0.75)
      let free = try #require(found[.a]?["disk"])
      #expect(free > 0 && free <= 1)
      #expect(try await gauges.gauges(now: Self.now, releases: [:]) == [:], "nobody is at home")
    }
  }

  @Test("C5: CPU, memory, open files and threads are those of a slot's own process and its children")
  func process() async throws {
    try await withScratchFolder { folder in
      // 80 MiB, 5 open files, 3 threads, one child, and a processor kept busy.
      let script = """
        import os, threading, time
        held = bytearray(b"x") * (80 << 20)
        files = [open("/dev/null") for _ in range(5)]
        for _ in range(2): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        if os.fork() == 0:
            # Ends with its parent.
            import ctypes; ctypes.CDLL(None).prctl(1, 9)
            time.sleep(600)
        print("ready", 0)
        while True: pass
        """
      try await PythonServers.with(script, [], folder: folder) { busy, _ in
        try await withTools(process: { slot throws(ConnectorError) in slot == .b ? busy.pid : nil }) { tools, _ in
          let specs = ProcessMeasure.allCases.map { GaugeSpec(name: $0.rawValue, query: .process($0)) }
          let gauges = try Gauges(specs, tools: tools)
          let first = try await gauges.gauges(now: Self.now, releases: Self.releases)
          #expect(first[.a] == nil, "nothing runs there")
          let b = try #require(first[.b])
          #expect(b["cpu"] == nil, "one look says nothing about a share")
          #expect((b["memory"] ?? 0) > Double(80 << 20) && (b["memory"] ?? 0) < Double(400 << 20), "\(b)")
          #expect((b["files"] ?? 0) >= 13, "two processes with 0, 1, 2 and five each: \(b)")
          #expect(b["threads"] == 4, "\(b)")
          let usage = try #require(ProcessUsage.of(busy.pid)?.cpuSeconds)
          try await eventually("it has worked") { (ProcessUsage.of(busy.pid)?.cpuSeconds ?? 0) > usage + 0.3 }
          let second = try await gauges.gauges(now: Self.now + .seconds(10), releases: Self.releases)
          let cpu = try #require(second[.b]?["cpu"])
          #expect(cpu > 0.02, "\(cpu)")
          try await busy.crash()
          #expect(try await gauges.gauges(now: Self.now + .seconds(20), releases: Self.releases)[.b] == nil)
        }
      }
    }
  }

  @Test("numbers come from Prometheus' text format and from JSON, one endpoint or one for each slot")
  func http() async throws {
    try await ContractServer.with { server in
      try await server.set(["counts": ["a": [7, 1], "b": [9, 2]]])
      let headers = ["x-token": SecretText("${env:TOKEN}")]
      let (metrics, stats) = (SecretText(server.url + "/metrics"), SecretText(server.url + "/stats"))
      let gauges = try Gauges(
        [
          GaugeSpec(
            name: "series",
            query: .scrape(
              url: .both(metrics), series: #"app_requests_total{slot="${slot}"}"#, headers: headers,
              timeout: .seconds(60))),
          GaugeSpec(
            name: "path",
            query: .json(
              url: .each(a: stats, b: stats), path: "$.slots.a.requests", headers: headers, timeout: .seconds(60))),
          GaugeSpec(
            name: "query",
            query: .prometheus(
              url: SecretText(server.url + "/prometheus"), query: #"errors{slot="${slot}"}"#, headers: headers,
              timeout: .seconds(60))),
          GaugeSpec(
            name: "none",
            query: .scrape(
              url: .both(metrics), series: #"app_requests_total{slot="c"}"#, headers: headers, timeout: .seconds(60))),
        ], tools: Self.tools(server.folder, client: server.client))
      let found = try await gauges.gauges(now: Self.now, releases: Self.releases)
      #expect(found[.a] == ["series": 7, "path": 7, "query": 1])
      #expect(found[.b] == ["series": 9, "path": 7, "query": 2])
    }
  }

  @Test("one gauge that cannot be read is absent and leaves the others; when none can be read, the source says why")
  func failures() async throws {
    let database = ScriptedDatabase(failure: ConnectorError(.unreachable, "no database"))
    try await withTools(database: database) { tools, _ in
      let broken = [
        GaugeSpec(name: "sql", query: .sql(database: SecretText("x"), query: "SELECT 1", timeout: .seconds(60))),
        GaugeSpec(name: "code", query: .command("echo 3; exit 4", timeout: .seconds(60))),
        GaugeSpec(name: "word", query: .command("echo much", timeout: .seconds(60))),
        GaugeSpec(name: "late", query: .command("sleep 60", timeout: .milliseconds(200))),
        GaugeSpec(name: "disk", query: .disk(path: "/no/such/folder")),
      ]
      let empty = GaugeSpec(name: "empty", query: .command("true", timeout: .seconds(60)))
      let nan = GaugeSpec(name: "nan", query: .command("echo nan", timeout: .seconds(60)))
      let good = GaugeSpec(name: "good", query: .command("echo 1", timeout: .seconds(60)))
      let some = try Gauges(broken + [empty, nan, good], tools: tools)
      #expect(try await some.gauges(now: Self.now, releases: [.b: "1"]) == [.b: ["good": 1]])
      let none = try Gauges(broken, tools: tools)
      let error = await #expect(throws: ConnectorError.self) {
        try await none.gauges(now: Self.now, releases: [.b: "1"])
      }
      #expect(error?.message.hasPrefix("gauge '") == true)
      #expect(throws: ConnectorError.self, "commands deploy") {
        try Gauges([GaugeSpec(name: "cpu", query: .process(.cpu))], tools: tools)
      }
      #expect(throws: ConnectorError.self) {
        try Gauges(
          [
            GaugeSpec(
              name: "x", query: .json(url: .both(SecretText("http://x")), path: "x", headers: [:], timeout: .seconds(1))
            )
          ],
          tools: tools)
      }
    }
  }

  @Test(
    "SQL gives counters by literals that no release can break out of; too many columns, NULL and text are told apart")
  func sqlSource() async throws {
    let spec = SQLSourceSpec(
      database: SecretText("postgresql://x"), query: "SELECT r, e FROM c WHERE v = ${release} AND s = ${slot}")
    func sample(_ row: [String?]?, release: ReleaseID = "1.1") async throws -> CounterSample {
      var database = ScriptedDatabase()
      let literal = release == "1.1" ? "'1.1'" : #"E'1''\\'"#
      for slot in ["a", "b"] { database.rows["SELECT r, e FROM c WHERE v = \(literal) AND s = '\(slot)'"] = row }
      return try await SQLSource(spec, database: database).sample(now: Self.now, releases: [.b: release])
    }
    #expect(try await sample(["10", "1"]).slots == [.b: SlotCounters(requests: 10, serverErrors: 1)])
    #expect(try await sample(["10.0", "1"], release: #"1'\"#).slots[.b]?.requests == 10)
    #expect(try await sample(["10", "1"]).missing?[.a] == "slot a holds no release to select by")
    #expect(try await sample(nil).missing?[.b]?.contains("no row") == true)
    #expect(try await sample([nil, "1"]).missing?[.b]?.contains("NULL") == true)
    for row in [["1"], ["1", "2", "3"], ["x", "1"], ["1.5", "1"], ["-1", "0"]] as [[String]] {
      await #expect(throws: ConnectorError.self, "\(row)") { try await sample(row) }
    }
    #expect(throws: ConnectorError.self) {
      try SQLSource(SQLSourceSpec(database: SecretText("x"), query: "SELECT 1, 2"), database: ScriptedDatabase())
    }
  }

  @Test("a command is run for each slot that holds a release; its failure, its silence and its nonsense are told apart")
  func commandSource() async throws {
    try await withTools { tools, folder in
      func source(_ line: String, timeout: Span = .seconds(60)) -> CommandSource {
        CommandSource(CommandSourceSpec(run: line, timeout: timeout), runner: tools.runner)
      }
      let counts = "echo warning >&2; echo requests=$(($SLIPWAY_RELEASE * 10)) errors=1 process=p$SLIPWAY_SLOT"
      let sample = try await source(counts).sample(now: Self.now, releases: [.a: "1", .b: "2"])
      #expect(sample.slots[.a] == SlotCounters(requests: 10, serverErrors: 1))
      #expect(sample.slots[.b] == SlotCounters(requests: 20, serverErrors: 1))
      #expect(sample.source == "command a pa b pb")
      let alone = try await source(counts).sample(now: Self.now, releases: [.b: "2"])
      #expect(alone.slots[.a] == nil && alone.missing?[.a] != nil)
      let silent = try await source("true").sample(now: Self.now, releases: [.b: "2"])
      #expect(silent.slots.isEmpty && silent.missing?[.b]?.contains("printed nothing") == true)
      for (line, code) in [
        ("echo requests=1 errors=0; exit 3", ConnectorError.Code.refused), ("echo 5", .garbage),
        ("sleep 60", .timedOut),
      ] {
        let error = await #expect(throws: ConnectorError.self) {
          try await source(line, timeout: line == "sleep 60" ? .milliseconds(200) : .seconds(60))
            .sample(now: Self.now, releases: [.b: "2"])
        }
        #expect(error?.code == code, "\(line): \(error?.message ?? "")")
      }
    }
  }
}
