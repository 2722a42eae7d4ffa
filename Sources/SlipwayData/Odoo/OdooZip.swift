internal import Crypto
internal import Foundation
internal import Glibc
package import SlipwayConnectors

/// Backups in Odoo's own format: a zip archive of `dump.sql`, `manifest.json` and `filestore/<2 digits>/<40 digits>`.
package struct OdooZip: Sendable, Equatable {
  package var manifest: OdooManifest
  package var dump: PlainDump
  package var fileCount: Int
  package var fileBytes: Int64
  /// Names that belong to no backup; they were left in the archive.
  package var ignored: [String]

  /// Where the parts lie below a folder.
  package static let dumpName = "dump.sql"
  package static let filesName = "filestore"

  /// Unpacks an archive into a new folder and checks everything on the way: every length and checksum, every file's SHA-1 against its name, the end of the dump.
  ///
  /// - Parameters:
  ///   - path: the archive, from whoever.
  ///   - folder: made here; it must not be there yet. After an error the caller removes it.
  ///   - limit: bytes that it may come to.
  /// - Returns: what was in it.
  /// - Throws: ``ConnectorError`` naming the entry.
  package static func unpack(_ path: String, into folder: String, limit: Int64) throws(ConnectorError) -> OdooZip {
    let archive = try ZipArchive(path: path)
    let contents = try Contents(archive.entries)
    guard contents.bytes <= limit else {
      throw ConnectorError(
        .refused,
        "\(path) unpacks to \(contents.bytes) bytes, and there is room for \(limit); free space or choose another folder"
      )
    }
    try makeFolder(folder)
    try makeFolder(folder + "/" + filesName)
    var text: [UInt8] = []
    text.reserveCapacity(Int(contents.manifest.bytes))
    try archive.read(contents.manifest) { text += $0 }
    let manifest = try OdooManifest(text)
    var ends = PlainDump.Ends()
    try write(archive, contents.dump, to: folder + "/" + dumpName) { ends.add($0) }
    let dump = try ends.dump()
    var made: Set<String> = []
    for (name, entry) in contents.files {
      if made.insert(String(name.prefix(2))).inserted { try makeFolder("\(folder)/\(filesName)/\(name.prefix(2))") }
      var hash = Insecure.SHA1()
      try write(archive, entry, to: "\(folder)/\(filesName)/\(name)") { hash.update(bufferPointer: $0) }
      guard hash.finalize().hexadecimal == name.suffix(40) else {
        throw archive.damaged(entry, "its content does not have the hash that its name says")
      }
    }
    return OdooZip(
      manifest: manifest, dump: dump, fileCount: contents.files.count,
      fileBytes: contents.files.reduce(0) { $0 + $1.1.bytes }, ignored: contents.ignored)
  }

  private static func makeFolder(_ path: String) throws(ConnectorError) {
    guard mkdir(path, 0o700) == 0 else {
      throw ConnectorError(.misconfigured, "folder \(path) cannot be made: \(String(cString: strerror(errno)))")
    }
  }

  private static func write(
    _ archive: ZipArchive, _ entry: ZipEntry, to path: String, _ see: (UnsafeRawBufferPointer) -> Void
  ) throws(ConnectorError) {
    let handle = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    let failure = { ConnectorError(.unreachable, "\(path) cannot be written: \(String(cString: strerror(errno)))") }
    guard handle >= 0 else { throw failure() }
    defer { close(handle) }
    try archive.read(entry) { piece throws(ConnectorError) in
      see(piece)
      var done = 0
      while done < piece.count {
        let count = Glibc.write(handle, piece.baseAddress.map { $0 + done }, piece.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw failure() }
        done += count
      }
    }
  }

  /// What an archive holds, by name.
  struct Contents {
    var dump: ZipEntry
    var manifest: ZipEntry
    /// `xx/hash` and where it is.
    var files: [(String, ZipEntry)] = []
    var ignored: [String] = []
    var bytes: Int64

    /// - Throws: ``ConnectorError`` when something that must be there is not, or a name is not what it should be.
    init(_ entries: [ZipEntry]) throws(ConnectorError) {
      var seen: Set<String> = []
      var found: [String: ZipEntry] = [:]
      for entry in entries {
        let shown = "'\(entry.name.prefix(100).filter { $0.isASCII && !$0.isNewline })'"
        guard Self.isSafe(entry.name) else { throw ZipDirectory.broken("\(shown) leads out of the archive's folder") }
        if entry.isLink { throw ZipDirectory.broken("\(shown) is a link") }
        guard seen.insert(entry.name).inserted else { throw ZipDirectory.broken("\(shown) is there twice") }
        if entry.isFolder { continue }
        if [OdooZip.dumpName, "manifest.json"].contains(entry.name) {
          found[entry.name] = entry
        } else if let name = Self.file(entry.name) {
          files.append((name, entry))
        } else if !(entry.name.hasPrefix("filestore/checklist/") && entry.bytes == 0) {
          ignored.append(entry.name)
        }
      }
      guard let dump = found[OdooZip.dumpName] else {
        throw ZipDirectory.broken("there is no dump.sql in it; a backup of Odoo in format zip has one")
      }
      guard let manifest = found["manifest.json"] else { throw ZipDirectory.broken("there is no manifest.json in it") }
      guard manifest.bytes <= OdooManifest.byteLimit else {
        throw ZipDirectory.broken("its manifest.json is too large")
      }
      (self.dump, self.manifest) = (dump, manifest)
      bytes = files.reduce(dump.bytes) { $0 + $1.1.bytes }
    }

    /// Nothing that leads anywhere but down.
    static func isSafe(_ name: String) -> Bool {
      let parts = name.split(separator: "/", omittingEmptySubsequences: false)
      let isPlain = name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\\") }
      let isDown = parts.enumerated().allSatisfy { index, part in
        part != ".." && part != "." && (!part.isEmpty || (index > 0 && index == parts.count - 1))
      }
      return isPlain && isDown
    }

    /// `xx/hash` of `filestore/xx/hash`.
    static func file(_ name: String) -> String? {
      let parts = name.split(separator: "/")
      guard parts.count == 3, parts[0] == OdooZip.filesName, parts[1].utf8.count == 2, parts[2].utf8.count == 40,
        parts[2].hasPrefix(parts[1]),
        parts[2].utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
      else { return nil }
      return "\(parts[1])/\(parts[2])"
    }
  }
}

/// Writing.
extension OdooZip {
  /// Writes an archive that Odoo's own restore takes, complete or not at all.
  ///
  /// - Parameters:
  ///   - path: a new file.
  ///   - manifest: what it says of itself.
  ///   - dump: the file with the dump as SQL; its end is looked at first.
  ///   - files: `xx/hash` and where the file lies; every content is held against its name.
  /// - Throws: ``ConnectorError``; then there is no file.
  package static func write(
    _ path: String, manifest: OdooManifest, dump: String, files: [(name: String, path: String)]
  ) throws(ConnectorError) {
    _ = try PlainDump.look(at: dump)
    if access(path, F_OK) == 0 {
      throw ConnectorError(.refused, "\(path) is there already; choose another name or remove it")
    }
    let partial = path + ".part-" + UUID().uuidString.prefix(8)
    defer { unlink(partial) }
    let writer = try ZipWriter(path: partial)
    try add(dump, as: dumpName, isDeflated: true, to: writer) { _ in }
    try writer.add("manifest.json", manifest.bytes)
    for file in files {
      let name = "\(filesName)/\(file.name)"
      guard Contents.file(name) != nil else {
        throw ConnectorError(.refused, "'\(file.name.prefix(100))' is no name of Odoo's filestore")
      }
      var hash = Insecure.SHA1()
      // Most of what is attached is packed already.
      try add(file.path, as: name, isDeflated: false, to: writer) { hash.update(bufferPointer: $0) }
      guard hash.finalize().hexadecimal == file.name.suffix(40) else {
        throw ConnectorError(.refused, "\(file.path) does not hold what its name says; see slipway snapshot verify")
      }
    }
    try writer.finish()
    try WorkFolder.publish(partial, as: path)
  }

  private static func add(
    _ path: String, as name: String, isDeflated: Bool, to writer: ZipWriter, _ see: (UnsafeRawBufferPointer) -> Void
  ) throws(ConnectorError) {
    let handle = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard handle >= 0 else {
      throw ConnectorError(.misconfigured, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { close(handle) }
    try writer.add(name, isDeflated: isDeflated) { buffer throws(ConnectorError) in
      while true {
        let count = Glibc.read(handle, buffer.baseAddress, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else {
          throw ConnectorError(.unreachable, "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        see(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return count
      }
    }
  }
}

extension Sequence<UInt8> {
  /// Two digits for each byte.
  var hexadecimal: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
