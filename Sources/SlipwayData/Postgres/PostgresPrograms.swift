internal import Foundation
package import SlipwayConnectors
internal import SlipwayModel

/// Where PostgreSQL's own programs are, by version.
package struct PostgresPrograms: Sendable, Equatable {
  /// Folders with `pg_dump` and `pg_restore`, and the major version of each.
  package var folders: [Found]

  package struct Found: Sendable, Equatable {
    package var folder: String
    package var major: Int

    package init(folder: String, major: Int) {
      self.folder = folder
      self.major = major
    }
  }

  package init(folders: [Found]) { self.folders = folders }

  /// Looks on `path` and where Debian and the PostgreSQL project put them.
  package static func find(path: String) async -> PostgresPrograms {
    var folders = path.split(separator: ":").map(String.init)
    let root = "/usr/lib/postgresql"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    // By version first: what stands on the PATH of Debian is a script that chooses by rules of its own.
    folders = versions.sorted().map { "\(root)/\($0)/bin" } + folders
    var found: [Found] = []
    for folder in folders where !found.contains(where: { $0.folder == folder }) {
      let programs = ["pg_dump", "pg_restore"].map { folder + "/" + $0 }
      guard programs.allSatisfy(FileManager.default.isExecutableFile(atPath:)) else { continue }
      guard let major = await version(of: programs[0]) else { continue }
      found.append(Found(folder: folder, major: major))
    }
    return PostgresPrograms(folders: found)
  }

  /// The folder whose programs are nearest to the server's version and not older.
  ///
  /// - Parameter server: the server's version, such as 150018.
  /// - Returns: the folder.
  /// - Throws: ``ConnectorError/Code/misconfigured`` naming what was found.
  package func folder(for server: Int) throws(ConnectorError) -> String {
    let major = server / 10_000
    if let best = folders.filter({ $0.major >= major }).min(by: { $0.major < $1.major }) { return best.folder }
    let list = folders.map { "\($0.major) in \($0.folder)" }.joined(separator: ", ")
    throw ConnectorError(
      .misconfigured,
      "no pg_dump and pg_restore for a server of version \(major) (found: \(list.isEmpty ? "none" : list)); install postgresql-client-\(major)"
    )
  }

  private static func version(of program: String) async -> Int? {
    let runner = CommandRunner(
      folder: "/", inherited: ["PATH": "/usr/bin:/bin"], secrets: SecretSource(environment: [:], folder: "/"))
    let output = try? await runner.run("exec '\(program)' --version", isAnswer: true, timeout: .seconds(30))
    guard let output, output.code == 0 else { return nil }
    // `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
    let word = output.answer.split(separator: " ").dropFirst(2).first
    return word.flatMap { Int($0.prefix { $0.isNumber }) }
  }
}
