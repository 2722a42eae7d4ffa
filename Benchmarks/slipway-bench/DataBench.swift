internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayData
internal import SlipwayEngine
internal import SlipwayModel

/// `slipway-bench data FOLDER`: copies of a database and its files, beside plain copies of the same bytes and PostgreSQL's own programs.
struct DataBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Green by template, snapshots and the way back, beside plain copies of the same bytes.")

  @Argument(help: "A folder on the disk to measure; five times the database's size must be free.")
  var folder: String

  @Option(help: "Size of the database; nothing in it can be compressed.")
  var megabytes = 1_024

  @Option(help: "Files of 16 KiB that belong to it.")
  var files = 20_000

  @Option(help: "Rounds of copies; the median counts.")
  var rounds = 3

  func run() async throws {
    let parent = URL(fileURLWithPath: folder)
    // A quarter first: what grows with the size is not flat.
    let small = try await story(parent, megabytes: megabytes / 4, files: files / 4, rounds: 0)
    let large = try await story(parent, megabytes: megabytes, files: files, rounds: rounds)
    print(
      String(
        format: "peak memory     %d kB with %.0f MB, %d kB with %.0f MB: %.2f x (target: flat)", small.peak,
        small.bytes / 1e6, large.peak, large.bytes / 1e6, Double(large.peak) / Double(max(1, small.peak))))
  }

  private struct Size {
    var peak: Int
    var bytes: Double
  }

  private func story(_ parent: URL, megabytes: Int, files: Int, rounds: Int) async throws -> Size {
    var size = Size(peak: 0, bytes: 0)
    try await DataBenchWorld.with(parent) { world in
      try world.fill(megabytes: megabytes, files: files)
      let bytes = Double(try world.bytes(of: DataBenchWorld.database)) + Double(files) * 16_384
      if rounds > 0 {
        print(String(format: "database and %d files, %.2f GB together; seconds", files, bytes / 1e9))
        try await copies(world, rounds)
      }
      try await snapshots(world, isShown: rounds > 0)
      try await wayBack(world, bytes: bytes, isShown: rounds > 0)
      size = Size(peak: try Self.peak(), bytes: bytes)
    }
    return size
  }

  // MARK: Green

  private func copies(_ world: DataBenchWorld, _ rounds: Int) async throws {
    var plain: [Double] = []
    var green: [Double] = []
    var made: [Double] = []
    var dumped: [Double] = []
    let store = try world.store()
    let source = try world.place(of: DataBenchWorld.database)
    for round in 1...rounds {
      plain.append(
        try await seconds {
          try world.shell(
            "mkdir \(world.copy); cp -a \(source) \(world.files.path) \(world.copy)/; sync -f \(world.copy)")
        })
      try world.shell("rm -rf \(world.copy)")
      dumped.append(
        try await seconds {
          try world.shell(
            """
            \(world.programs); createdb dumped; mkdir \(world.copy)
            pg_dump -Fc -d \(DataBenchWorld.database) | pg_restore -d dumped; cp -a \(world.files.path) \(world.copy)/; sync -f \(world.copy)
            """)
        })
      try world.shell("\(world.programs); dropdb dumped; rm -rf \(world.copy)")
      made.append(
        try await seconds {
          try world.shell(
            "\(world.programs); psql -q -c 'CREATE DATABASE made TEMPLATE \(DataBenchWorld.database) STRATEGY FILE_COPY'"
          )
          try await FileTree.copy(from: world.files.path, to: world.copy, names: .sha256)
        })
      try world.shell("\(world.programs); dropdb made; rm -rf \(world.copy)")
      green.append(try await seconds { _ = try await store.carryOut(world.order(.green, run: round)) { _ in } })
      _ = try await store.carryOut(world.order(.setAside, run: round)) { _ in }
      _ = try await store.carryOut(world.order(.resumeWrites, run: round)) { _ in }
    }
    row("plain copy (cp -a, sync)", plain, "")
    row("template and files copied", made, ratio(made, plain, "x the plain copy (target: 1.3 x)"))
    row("the deed: copied and verified", green, ratio(green, plain, "x the plain copy"))
    row("pg_dump -Fc | pg_restore, cp", dumped, ratio(dumped, green, "x the deed (target: 3 x)"))
  }

  // MARK: Snapshots

  private func snapshots(_ world: DataBenchWorld, isShown: Bool) async throws {
    let store = SnapshotStore(folder: world.folder.path + "/file-snapshots")
    var taken: [Double] = []
    for number in 1...2 {
      taken.append(
        try await seconds {
          let draft = try store.begin(SnapshotID("files-\(number)"), of: "bench")
          try FileManager.default.createDirectory(atPath: draft.databaseFolder, withIntermediateDirectories: true)
          // Files alone are measured here; a snapshot without any dump would be refused.
          try Data("none".utf8).write(to: URL(fileURLWithPath: draft.databaseFolder + "/toc.dat"))
          try await draft.addFiles(from: world.files.path, names: .sha256)
          _ = try await store.publish(
            draft, SnapshotContents(environment: "bench", takenAt: SystemTime().now(), database: .nothing))
        })
      if number == 1 { try world.replaceFiles(max(1, files / 100)) }
    }
    guard isShown else { return }
    row("first snapshot, files only", [taken[0]], "")
    row(
      "second, 1 % of them new", [taken[1]],
      String(format: "%.1f %% of the first (target: 10 %%)", 100 * taken[1] / taken[0]))
  }

  // MARK: Going back

  private func wayBack(_ world: DataBenchWorld, bytes: Double, isShown: Bool) async throws {
    let store = try world.store()
    let backup = try await seconds { _ = try await store.carryOut(world.order(.backup, run: 90)) { _ in } }
    let again = try await seconds { _ = try await store.carryOut(world.order(.backup, run: 91)) { _ in } }
    var result: DataResult?
    let back = try await seconds { result = try await store.carryOut(world.order(.restore, run: 91)) { _ in } }
    for aside in result?.report.aside ?? [] { try await store.remove(aside) }
    guard isShown else { return }
    row("backup, database and files", [backup], "")
    row("backup again", [again], "")
    row(
      "data rollback, end to end", [back],
      String(format: "%.0f s for 10 GB (target: 300 s)", back * 10e9 / bytes))
  }

  // MARK: Figures

  private func seconds(_ work: () async throws -> Void) async throws -> Double {
    let start = ContinuousClock.now
    try await work()
    return (ContinuousClock.now - start).seconds
  }

  private func row(_ name: String, _ values: [Double], _ remark: String) {
    let padded = name.padding(toLength: 32, withPad: " ", startingAt: 0)
    let spread = values.count > 1 ? String(format: " (%.2f-%.2f)", values.min() ?? 0, values.max() ?? 0) : ""
    print(padded + String(format: "%8.2f", median(values)) + spread + (remark.isEmpty ? "" : "  " + remark))
  }

  private func ratio(_ one: [Double], _ other: [Double], _ words: String) -> String {
    String(format: "%.2f ", median(one) / median(other)) + words
  }

  /// The most memory that this process ever had, in kB; PostgreSQL's own programs are others.
  private static func peak() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return line.split(separator: " ").compactMap { Int($0) }.first ?? 0
  }
}

extension DataBenchWorld {
  var copy: String { folder.path + "/copy" }

  /// The product's own store on this world.
  func store() throws -> PostgresDataStore {
    try PostgresDataStore(
      PostgresDataSpec(
        server: SecretText(server), databases: .one(Self.database),
        files: FilesSpec(folders: .one(files.path), names: .sha256, references: "SELECT path, sha256 FROM files")),
      folder: folder.path, snapshots: SnapshotStore(folder: folder.path + "/snapshots"),
      secrets: SecretSource(environment: [:], folder: folder.path),
      inherited: ProcessInfo.processInfo.environment.filter { ["PATH", "HOME", "LANG", "TMPDIR"].contains($0.key) })
  }

  /// A deed on blue in slot a with green in slot b; `run` tells one from another.
  func order(_ deed: DataDeed, run: Int) -> DataOrder {
    let now = SystemTime().now()
    func release(_ id: ReleaseID) -> Release { Release(id: id, artifact: "bench", digest: nil, commit: nil) }
    let served = RunID("20261121-000000000-aaaa")
    return DataOrder(
      deed: deed, environment: "bench", release: release("2"), green: .b,
      blue: Placement(slot: .a, release: release("1"), run: served, since: now),
      run: RunID("20261121-0000000\(String(format: "%02d", run))-bbbb"),
      greenData: deed == .restore || deed == .backup ? .shared : .copy, now: now)
  }
}

extension DatabaseFacts {
  fileprivate static let nothing = DatabaseFacts(
    name: "none", serverVersion: "15", encoding: "UTF8", collation: "C", bytes: 0, tables: [], constraints: [],
    extensions: [])
}
