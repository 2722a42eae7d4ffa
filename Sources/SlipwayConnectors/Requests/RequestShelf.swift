package import Foundation
package import SlipwayModel

/// A request for approval as it is published: one page for people, one document for programs.
package struct RequestDocument: Sendable, Equatable {
  package var project: String
  package var run: RunID
  /// How much of the run's journal it was made from; a newer document has more.
  package var revision: Int64
  package var html: Data
  package var json: Data

  package init(project: String, run: RunID, revision: Int64, html: Data, json: Data) {
    self.project = project
    self.run = run
    self.revision = revision
    self.html = html
    self.json = json
  }

  /// The files with their names and types; the page comes last, because links lead to it.
  var files: [(name: String, type: String, data: Data)] {
    [("request.json", "application/json", json), ("request.html", "text/html; charset=utf-8", html)]
  }

  /// `<project>/<run>`, below which the files lie.
  var path: String { "\(project)/\(run)" }
}

/// A place where people read requests for approval.
///
/// Putting the same document again is harmless, and a newer one that lies there is never replaced by an older one. It ends within its own deadlines, and says in
/// its error what was tried and what to do; secrets are in none of its words.
package protocol RequestShelf: Sendable {
  /// The place as people call it.
  var place: String { get }

  /// Puts the document there.
  ///
  /// - Returns: Where people find the page.
  /// - Throws: ``ConnectorError``; trying again may help unless the code is `refused` or `misconfigured`.
  func put(_ document: RequestDocument) async throws(ConnectorError) -> String
}
