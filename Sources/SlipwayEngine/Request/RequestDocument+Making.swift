internal import Foundation
package import SlipwayConnectors
package import SlipwayEvidence
package import SlipwayModel
internal import SlipwayPages

extension RequestDocument {
  /// Renders `request` without the secrets that `redactor` knows.
  ///
  /// They are taken out before the page is made as well: escaping could hide one from the search.
  ///
  /// - Throws: an encoding error.
  package init(_ request: ApprovalRequest, _ redactor: Redactor) throws {
    let json = redactor.redact(json: try CanonicalJSON.encodeReadable(request))
    let clean = (try? CanonicalJSON.decode(ApprovalRequest.self, from: json)) ?? request
    self.init(
      project: request.project, run: request.run, revision: request.revision,
      html: redactor.redact(text: Data(RequestPage(clean).html.utf8)), json: json)
  }
}
