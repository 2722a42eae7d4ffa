import Foundation
import Testing

@Suite("Commands: a procedure with people in it", .serialized)
struct ProcedureCommandTests {
  private static func pipeline(_ automation: String) -> (Shop) -> String {
    { shop in
      shop.shortPipeline.replacingOccurrences(
        of: "    rollout: {", with: "    automation: \(automation)\n    rollout: {")
    }
  }

  @Test("C10: one step by hand, one with an agreement, the rest by itself; who did what is kept")
  func levels() async throws {
    try await Shop.with(Self.pipeline("{shift-10: manual, shift-50: assisted}")) { shop in
      try await shop.open()
      try await shop.register("1.1.0")
      try await shop.withDriver { _ in
        let plan = try await shop.slipway("plan", "1.1.0", "--to", "production")
        #expect(plan.text.contains("manual: a 90 %, b 10 %") && plan.text.contains("confirm-shift-10"), "\(plan)")
        try await Customers.order(at: shop.ports.front) { customers in
          let run = try await shop.promote("1.1.0")
          try await shop.slipway("approve", run, "--as", "ann")
          let asked = try await shop.wait(for: run, until: "it asks") {
            $0.step == "confirm-shift-10" && $0.waitingFor?.kind == "confirmation"
          }
          #expect(asked.waitingFor?.reason.contains("slipway route set production --a 90 --b 10 --fallback a") == true)
          try await shop.slipway("confirm", run, "shift-10", "--note", "too early", "--as", "bob")
          try await shop.wait(for: run, until: "it says what was found") {
            $0.waitingFor?.reason.contains("bob confirmed it, but read back") == true
          }
          try await shop.slipway(
            "route", "set", "production", "--a", "90", "--b", "10", "--fallback", "a",
            "--target-a", "127.0.0.1:\(shop.ports.a)", "--target-b", "127.0.0.1:\(shop.ports.b)")
          try await shop.slipway("confirm", run, "shift-10", "--note", "set at the router", "--as", "bob")
          try await shop.wait(for: run, until: "it asks again") {
            $0.step == "confirm-shift-50" && $0.waitingFor?.kind == "confirmation"
          }
          try await shop.slipway("confirm", run, "shift-50", "--note", "figures are well", "--as", "ann")
          try await shop.slipway("watch", run)
          try await customers.goHome()
          customers.tally.expectNothingLost()
          let json = try await shop.slipway("status", run, "--output", "json").text
          #expect(json.contains(#""confirmed_by" : "bob""#) && json.contains("set at the router"), "\(json)")
          let status = try await shop.status(run)
          #expect(status.step("shift-10")?.detail.contains("done by hand; read back") == true)
        }
      }
      try await shop.slipway("audit", "verify")
    }
  }

  @Test("C10: levels of steps that there are not, or that nobody can do, are refused with what can be said")
  func refused() async throws {
    try await Shop.with(Self.pipeline("manual")) { shop in
      let deploy = try await shop.slipway("check", expecting: 65)
      #expect(deploy.complaint.contains("'deploy' cannot be done by hand"), "\(deploy)")
      try shop.write(Self.pipeline("{shfit-10: manual}")(shop), to: "slipway.yaml")
      let near = try await shop.slipway("check", expecting: 65)
      #expect(near.complaint.contains("did you mean 'shift-10'"), "\(near)")
      try shop.write(Self.pipeline("{watch: manual}")(shop), to: "slipway.yaml")
      let watch = try await shop.slipway("check", expecting: 65)
      #expect(watch.complaint.contains("people have no part in 'watch'"), "\(watch)")
      try shop.write(Self.pipeline("{default: manual, deploy: assisted}")(shop), to: "slipway.yaml")
      try await shop.slipway("check")
    }
  }

  /// A PostgreSQL cluster in the shop's folder, with a table of services, while `body` runs.
  private func withDatabase(_ shop: Shop, _ body: (Int) async throws -> Void) async throws {
    let port = FreePorts.take()
    let script = """
      set -e
      bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
      as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
      mkdir -p "$1"; [ "$(id -u)" != 0 ] || chown postgres: "$1"; cd "$1"
      if [ "$3" = stop ]; then as "$bin/pg_ctl" -D "$1/data" -m immediate stop >/dev/null 2>&1; exit 0; fi
      as "$bin/initdb" -D "$1/data" -U postgres --auth=trust --no-sync -E UTF8 --locale=C.UTF-8 >"$1/init" 2>&1
      printf "port=$2\\nlisten_addresses='127.0.0.1'\\nunix_socket_directories=''\\nfsync=off\\n" >>"$1/data/postgresql.conf"
      as "$bin/pg_ctl" -D "$1/data" -w -t 120 -l "$1/log" start >/dev/null 2>&1 </dev/null
      """
    let folder = "/tmp/spx-\(UInt32.random(in: .min ... .max))"
    func cluster(_ deed: String) async throws -> Program.Output {
      try await Program.run(
        "/bin/sh", ["-c", script, "sh", folder, "\(port)", deed], in: URL(filePath: "/tmp"), within: .seconds(150))
    }
    let started = try await cluster("start")
    do {
      try #require(started.code == 0, "\(started)")
      try await sql("CREATE TABLE services(name text PRIMARY KEY, stage text, version text)", port, shop)
      try await sql("INSERT INTO services VALUES ('shop', 'staged', '0')", port, shop)
      try await body(port)
    } catch {
      _ = try? await cluster("stop")
      try? FileManager.default.removeItem(atPath: folder)
      throw error
    }
    _ = try await cluster("stop")
    try? FileManager.default.removeItem(atPath: folder)
  }

  @discardableResult
  private func sql(_ statement: String, _ port: Int, _ shop: Shop) async throws -> String {
    let url = "postgresql://postgres@127.0.0.1:\(port)/postgres"
    let output = try await Program.run("/usr/bin/env", ["psql", "-Atc", statement, url], in: shop.folder)
    try #require(output.code == 0, "\(output)")
    return output.firstLine
  }

  @Test(
    "C9, C11, D9, D6: the stage moves on in the project's database, the handoff is written, and the log says how each step went"
  )
  func exits() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await withDatabase(shop) { port in
        let exits = """
              exit:
                - {id: monitoring, run: "test -e fired", blocking: false}
                - id: stage
                  sql:
                    database: "postgresql://postgres@127.0.0.1:\(port)/postgres"
                    update: "UPDATE services SET stage = 'released', version = ${release} WHERE name = ${project}"
                    read_back: "SELECT version = ${release} FROM services WHERE name = ${project}"
                - {id: handoff, handoff: "handoff/${release}.md"}

          """
        try shop.write(
          shop.shortPipeline.replacingOccurrences(of: "    rollout: {", with: exits + "    rollout: {"),
          to: "slipway.yaml")
        try await shop.open()
        let run = try await shop.status("latest")
        #expect(run.status == "success" && run.step("exit-monitoring")?.status == "failed", "\(run)")
        #expect(run.step("exit-stage")?.status == "succeeded")
        #expect(try await sql("SELECT stage || ' ' || version FROM services", port, shop) == "released 1.0.0")
        let handoff = try String(contentsOf: shop.folder.appending(path: "handoff/1.0.0.md"), encoding: .utf8)
        #expect(handoff.contains("# Handoff: shop 1.0.0 in production") && handoff.contains("monitoring: failed"))
        let log = try await shop.slipway("log", run.runId).text
        #expect(log.contains("shift-100 | automatic | succeeded | ") && log.contains("criterion: the data plane says"))
        let kept = try String(contentsOfFile: try #require(run.evidenceDir) + "/promotion.log", encoding: .utf8)
        #expect(kept.contains("exit-stage | automatic | succeeded | "))
        let audit = try await shop.slipway("audit", "log", "--output", "json").text
        #expect(audit.contains(#""action":"shift-100""#) && audit.contains(#""approved_by":["ann"]"#), "\(audit)")
        let release = try await shop.slipway("release", "show", "1.0.0").text
        #expect(release.contains("serves    production since") && release.contains("carol"), "\(release)")
      }
    }
  }
}
