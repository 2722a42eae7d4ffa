internal import Foundation
internal import Glibc

/// A folder of the machine, which may be one that another program carries to a drive.
///
/// Files come into being under their names whole: written beside, synced, renamed. Whoever reads while a newer one comes sees the old or the new one.
package struct FolderShelf: RequestShelf {
  private let folder: String

  /// - Parameters:
  ///   - folder: absolute, or relative to `root`.
  ///   - root: the pipeline file's folder.
  package init(_ folder: String, root: String) {
    self.folder = folder.hasPrefix("/") ? folder : root + "/" + folder
  }

  package var place: String { "folder \(folder)" }

  package func put(_ document: RequestDocument) async throws(ConnectorError) -> String {
    try makeRoot()
    let target = "\(folder)/\(document.path)"
    do {
      try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    } catch {
      throw failed("make \(target)", error.localizedDescription)
    }
    let page = "\(target)/request.html"
    if let there = revision(in: target), there > document.revision { return page }
    for file in document.files { try write(file.data, to: "\(target)/\(file.name)") }
    return page
  }

  /// Only the folder itself is made: where what is above it is missing, something is not mounted.
  private func makeRoot() throws(ConnectorError) {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) {
      guard isFolder.boolValue else {
        throw ConnectorError(.misconfigured, "\(folder) is no folder; correct 'folder' under 'requests'")
      }
      return
    }
    guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw failed("make \(folder)", reason(errno)) }
  }

  private struct Revision: Decodable {
    var revision: Int64
  }

  private func revision(in target: String) -> Int64? {
    guard let data = FileManager.default.contents(atPath: "\(target)/request.json") else { return nil }
    return try? JSONDecoder().decode(Revision.self, from: data).revision
  }

  private func write(_ data: Data, to path: String) throws(ConnectorError) {
    let name = (path as NSString).lastPathComponent
    let beside =
      (path as NSString).deletingLastPathComponent + "/.\(name).partial-\(getpid())-\(UInt32.random(in: .min ... .max))"
    let file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failed("write \(beside)", reason(errno)) }
    var problem: Int32?
    var rest = data[...]
    while !rest.isEmpty, problem == nil {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { problem = errno }
    }
    if problem == nil, fsync(file) != 0 { problem = errno }
    close(file)
    if problem == nil, rename(beside, path) != 0 { problem = errno }
    guard let problem else { return }
    unlink(beside)
    throw failed("write \(path)", reason(problem))
  }

  private func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

  private func failed(_ what: String, _ why: String) -> ConnectorError {
    ConnectorError(.unreachable, "cannot \(what): \(why); check 'folder' under 'requests'")
  }
}
