import Foundation
import Testing

/// A copy of a folder in examples/ as a user makes one, on ports that are free; whatever was started in it ends with it.
struct ExampleFolder: Sendable {
  let folder: URL

  /// Copies the example `name`, gives it ports of its own, runs `body`, and takes everything away.
  static func with(_ name: String, _ body: (ExampleFolder) async throws -> Void) async throws {
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../examples/\(name)")
      .standardized
    let example = ExampleFolder(folder: URL(filePath: "/tmp/swx-\(UInt32.random(in: .min ... .max))"))
    try FileManager.default.createDirectory(at: example.folder, withIntermediateDirectories: true)
    // What a run in the source tree left behind is not part of the example.
    for item in try FileManager.default.contentsOfDirectory(atPath: source.path)
    where !["work", ".slipway", "slipway.schema.json"].contains(item) {
      try FileManager.default.copyItem(at: source.appending(path: item), to: example.folder.appending(path: item))
    }
    try example.moveToFreePorts()
    do {
      try await body(example)
      try await example.close()
    } catch {
      try? await example.close()
      throw error
    }
  }

  /// Plays a story of the example to its end and leaves the system running.
  @discardableResult
  func play(_ story: String, within limit: Duration = .seconds(900)) async throws -> Program.Output {
    let output = try await Program.run(
      "/bin/sh", ["./run", story], in: folder, environment: ["SLIPWAY": Program.path, "KEEP": "1"], within: limit)
    let driver = (try? String(contentsOf: folder.appending(path: "work/driver.log"), encoding: .utf8)) ?? ""
    try #require(output.code == 0, "./run \(story): \(output)\nthe driver's last words:\n\(driver.suffix(4_000))")
    return output
  }

  func evidence(_ story: String) throws -> StoryEvidence {
    let folder = folder.appending(path: "work/evidence")
    let run = try String(contentsOf: folder.appending(path: "\(story).run"), encoding: .utf8)
    return StoryEvidence(
      folder: folder.appending(path: story), run: run.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// The first value that a query gives, asked as the example's own superuser.
  func sql(_ query: String, in database: String) async throws -> String {
    let line = """
      PATH=$(ls -d /usr/lib/postgresql/*/bin | tail -1):$PATH
      port=$(sed -n 's/^port = //p' "$(cat work/cluster-folder)/data/postgresql.conf")
      PGPASSWORD=$(cat work/secrets/postgres) exec psql -X -At -h 127.0.0.1 -p "$port" -U postgres -d "$1" -c "$2"
      """
    let output = try await Program.run("/bin/sh", ["-c", line, "sh", database, query], in: folder)
    try #require(output.code == 0, "\(query): \(output)")
    return output.text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Every place in which a password of the example stands, though it should not.
  func leaks() throws -> [String] {
    let secrets = try FileManager.default.contentsOfDirectory(
      at: folder.appending(path: "work/secrets"), includingPropertiesForKeys: nil
    ).map { try Data(contentsOf: $0) }
    #expect(secrets.count >= 2)
    var places: [String] = []
    for root in [".slipway", "work"] {
      let base = folder.appending(path: root)
      for case let path as String in FileManager.default.enumerator(atPath: base.path) ?? .init() {
        guard !path.hasPrefix("secrets"), !path.hasPrefix("cluster"), !path.hasPrefix("snapshots") else { continue }
        // What a host starts its processes with again after a crash; nobody but its owner reads it.
        guard !path.hasSuffix("/slots.json") else { continue }
        guard let content = try? Data(contentsOf: base.appending(path: path)) else { continue }
        if secrets.contains(where: { content.range(of: $0) != nil }) { places.append(root + "/" + path) }
      }
    }
    return places
  }

  // MARK: Its own place

  /// Ports in the example begin with 291 or 292; each becomes one that is free.
  private func moveToFreePorts() throws {
    var ports: [Substring: String] = [:]
    for name in ["slipway.yaml", "swap.yaml", "run", "checks/alert.py"] {
      let file = folder.appending(path: name)
      guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
      let moved = text.replacing(/\b29[12][0-9]{2}\b/) { match in
        let port = ports[match.output] ?? String(FreePorts.take())
        ports[match.output] = port
        return port
      }
      try Data(moved.utf8).write(to: file)
    }
    #expect(ports.count >= 7, "\(ports)")
  }

  private func close() async throws {
    let output = try await Program.run(
      "/bin/sh", ["./run", "clean"], in: folder, environment: ["SLIPWAY": Program.path])
    #expect(output.code == 0, "\(output)")
    #expect(Self.processes(in: folder) == [], "something is left running")
    for pid in Self.processes(in: folder) { kill(pid, SIGKILL) }
    try FileManager.default.removeItem(at: folder)
  }

  /// Processes whose working folder lies in `folder`.
  private static func processes(in folder: URL) -> [Int32] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { name in
      guard let pid = Int32(name),
        let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(name)/cwd")
      else { return nil }
      return place.hasPrefix(folder.path + "/") || place == folder.path ? pid : nil
    }
  }
}

/// The evidence of one story.
struct StoryEvidence: Sendable {
  static let eleven = [
    "inputs.json", "run_id.txt", "staging_snapshot.json", "blue_backup.json", "green_restore.json", "smoke_tests.json",
    "cutover.json", "stability_metrics.json", "rollback.json", "final_status.json", "promotion_summary.md",
  ]

  let folder: URL
  let run: String

  func text(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  /// For what a failed expectation says.
  func shown(_ name: String) -> String { (try? text(name)) ?? "there is no \(name)" }

  func object(_ name: String) throws -> [String: Any] {
    let data = try Data(contentsOf: folder.appending(path: name))
    return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any], "\(name) is an object")
  }

  /// The eleven files are there, speak of one run, and the folder proves itself, to Slipway and to OpenSSL alone.
  func expectWhole(status: String) async throws {
    for name in Self.eleven {
      let data = try Data(contentsOf: folder.appending(path: name))
      #expect(!data.isEmpty, "\(name)")
      if name.hasSuffix(".json") { #expect((try? JSONSerialization.jsonObject(with: data)) != nil, "\(name)") }
    }
    #expect(try text("run_id.txt") == run + "\n")
    let final = try object("final_status.json")
    #expect(final["run_id"] as? String == run)
    #expect(final["status"] as? String == status)
    #expect(try text("promotion_summary.md").contains(run))
    let verified = try await Program.run(["evidence", "verify", "--quiet", folder.path], in: folder)
    #expect(verified.code == 0, "\(verified)")
    let openssl = try await Program.run("/bin/sh", ["verify.sh"], in: folder)
    #expect(openssl.code == 0, "\(openssl)")
  }

  /// Values of `key` anywhere in a file, in the order of the file's own nesting.
  func values(of key: String, in name: String) throws -> [Any] { Self.values(of: key, in: try object(name)) }

  private static func values(of key: String, in value: Any) -> [Any] {
    switch value {
    case let object as [String: Any]:
      (object[key].map { [$0] } ?? []) + object.keys.sorted().flatMap { values(of: key, in: object[$0] ?? 0) }
    case let list as [Any]: list.flatMap { values(of: key, in: $0) }
    default: []
    }
  }
}
