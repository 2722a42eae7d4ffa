import Crypto
import Foundation
import Glibc
import SlipwayData
import SlipwayModel

/// An application's folder of files, each called by the SHA-1 of its content, as Odoo keeps them.
struct FileStore {
  let folder: URL

  init(_ folder: URL) throws {
    self.folder = folder
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  /// Puts a content in; gives its path.
  @discardableResult
  func add(_ content: Data) throws -> FileReference {
    let hash = Insecure.SHA1.hash(data: content).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    let path = "\(hash.prefix(2))/\(hash)"
    try write(path, content)
    return FileReference(path: path, hash: hash)
  }

  @discardableResult
  func add(_ text: String) throws -> FileReference { try add(Data(text.utf8)) }

  func write(_ path: String, _ content: Data) throws {
    let file = folder.appending(path: path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try content.write(to: file)
  }

  func write(_ path: String, _ text: String) throws { try write(path, Data(text.utf8)) }

  /// So many contents of some kilobytes each, the same for the same seed.
  @discardableResult
  func fill(_ count: Int, seed: UInt64 = 1, size: Int = 3_000) throws -> [FileReference] {
    var random = SeededRandom(seed: seed)
    return try (0..<count).map { _ in
      try add(Data((0..<(size / 8)).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }))
    }
  }
}

/// Everything in a folder: contents by path, and rights.
func tree(_ folder: String) -> [String: Data] {
  var result: [String: Data] = [:]
  for case let path as String in FileManager.default.enumerator(atPath: folder) ?? FileManager.DirectoryEnumerator() {
    var status = stat()
    guard lstat("\(folder)/\(path)", &status) == 0 else { continue }
    result[path] =
      status.st_mode & S_IFMT == S_IFREG ? FileManager.default.contents(atPath: "\(folder)/\(path)") : Data()
  }
  return result
}

/// The inode, links and rights of a file.
func status(_ path: String) -> stat {
  var status = stat()
  _ = lstat(path, &status)
  return status
}

/// A store with snapshots whose dump is made up.
struct SnapshotShop {
  let store: SnapshotStore
  let files: FileStore

  static func with<Result>(_ body: (SnapshotShop) async throws -> Result) async throws -> Result {
    try await withScratchFolder { folder in
      try await body(SnapshotShop(in: folder))
    }
  }

  init(in folder: URL) throws {
    store = SnapshotStore(folder: folder.path + "/snapshots")
    files = try FileStore(folder.appending(path: "files"))
  }

  static let facts = DatabaseFacts(
    name: "shop", serverVersion: "15.20", encoding: "UTF8", collation: "C.UTF-8", bytes: 8_000_000,
    tables: [TableFacts(name: "public.orders", rows: 12)], constraints: ["public.orders.orders_pkey"],
    extensions: [ExtensionFacts(name: "plpgsql", version: "1.0")])

  static func contents(
    _ environment: EnvironmentName = "production", at time: Int64 = 1_780_000_000_000,
    references: [FileReference] = []
  ) -> SnapshotContents {
    SnapshotContents(
      environment: environment, release: "1.0.0", run: "20261121-150000000-abcd",
      takenAt: Timestamp(milliseconds: time), database: facts, references: references)
  }

  /// Writes what pg_dump would.
  static func dump(into draft: SnapshotDraft, rows: Int = 3) throws {
    try FileManager.default.createDirectory(atPath: draft.databaseFolder, withIntermediateDirectories: false)
    try Data("table of contents".utf8).write(to: URL(filePath: draft.databaseFolder + "/toc.dat"))
    for number in 0..<rows {
      try Data("rows of table \(number)".utf8).write(to: URL(filePath: draft.databaseFolder + "/\(3_000 + number).dat"))
    }
  }

  /// A snapshot of the files as they are.
  @discardableResult
  func take(
    _ id: SnapshotID, names: FilesSpec.ContentNames? = .sha1, references: [FileReference] = [],
    at time: Int64 = 1_780_000_000_000
  ) async throws -> Snapshot {
    let draft = try store.begin(id, of: "production")
    try Self.dump(into: draft)
    if let names {
      try await draft.addFiles(from: files.folder.path, names: names, references: references)
    }
    return try await store.publish(draft, Self.contents(at: time, references: references))
  }
}

extension [DataCheck] {
  var allPassed: Bool { !contains { !$0.passed } }
}
