package import Foundation
package import SlipwayModel

/// Where everything lies that Slipway keeps: the journal, proofs, evidence, keys, and the folders of hosts and routers.
package struct StateFolder: Sendable, Equatable {
  package let url: URL

  package init(_ url: URL) { self.url = url }

  package var path: String { url.path }
  package var inbox: URL { url.appending(path: "inbox", directoryHint: .isDirectory) }
  package var replies: URL { inbox.appending(path: "replies", directoryHint: .isDirectory) }
  /// Handed-in reports, named by their digest.
  package var proofs: URL { url.appending(path: "proofs", directoryHint: .isDirectory) }
  /// Tasks that rejections led to, a file each.
  package var followUps: URL { url.appending(path: "follow-ups", directoryHint: .isDirectory) }
  package var evidence: URL { url.appending(path: "evidence", directoryHint: .isDirectory) }
  package var signingKey: URL { url.appending(path: "keys/evidence.pem") }

  /// Where snapshots are: in the `folder` that the pipeline file in `root` names, else here.
  package func snapshots(_ folder: String?, _ root: URL) -> String {
    guard let folder else { return url.appending(path: "snapshots").path }
    return folder.hasPrefix("/") ? folder : root.appending(path: folder).path
  }

  /// The folder of an environment's host process.
  package func host(_ environment: EnvironmentName) -> URL {
    url.appending(path: "hosts/\(environment)", directoryHint: .isDirectory)
  }

  /// The folder of an environment's router.
  package func router(_ environment: EnvironmentName) -> URL {
    url.appending(path: "routers/\(environment)", directoryHint: .isDirectory)
  }

  /// `evidence/<YYYYMMDD-HHMM>/promote/<run id>` (B10), by the UTC minute in which the run was requested.
  package func evidence(of promotion: Promotion) -> URL {
    let minute = String(promotion.requestedAt.compactUTC.prefix(13))
    return evidence.appending(
      path: "\(minute)/\(promotion.plan.operation.rawValue)/\(promotion.run)", directoryHint: .isDirectory)
  }
}
