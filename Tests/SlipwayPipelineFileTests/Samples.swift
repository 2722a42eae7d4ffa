import Foundation
import SlipwayModel
import SlipwayPipelineFile

/// Pipeline files that tests start from.
enum Samples {
  /// Valid and short; tables break it in one place.
  static let base = #"""
    project: shop
    roles:
      release-manager: [ann, bob]
      sre: [carol]
    windows:
      office-hours: {zone: Europe/Berlin, open: [Tue-Thu 10:00-14:00]}
    freezes:
      - {name: year-end, from: 2026-12-20T00:00:00+01:00, until: 2027-01-04T00:00:00+01:00, reason: closed}
    environments:
      staging:
        deploy:
          processes: {run: ./bin/shop, ports: {a: 7001, b: 7002}, environment: {DB: "${env:STAGING_DB}"}}
        traffic: {router: {listen: 127.0.0.1:7000}}
      production:
        protected: true
        deploy:
          commands: {run: ./deploy.sh, read_back: ./current.sh, addresses: {a: 10.0.0.1:80, b: 10.0.0.2:80}}
        metrics:
          prometheus: {url: "http://127.0.0.1:9090", requests: 'r{slot="${slot}"}', errors: 'e{slot="${slot}"}'}
    promotions:
      - to: staging
      - from: staging
        to: production
        gates:
          - verified
          - soak: 1h
          - window: office-hours
          - command: {name: licences, run: ./licences.sh}
        approval: {by: {release-manager: 1, sre: 1}}
        rollout: {steps: [10%, 50%, 100%], watch: 5m}
        watch:
          every: 2s
          rules:
            - error_rate: {roll_back_above: 5%, pause_above: 1%}
        verify:
          before_traffic:
            - http: {name: login, path: /login}
        rollback: {automatic: true}
    notify:
      - run: ./tell.sh
    identity: {local: true}

    """#

  /// ``base`` without its last line, which says how people prove who they are.
  static let withoutIdentity = base.replacing("identity: {local: true}\n", with: "")

  /// Reads `text` as `slipway.yaml`.
  static func read(_ text: String) -> Result<PipelineDocument, PipelineProblems> {
    PipelineFile.read(Data(text.utf8), path: "slipway.yaml")
  }

  static func problems(_ text: String) -> [PipelineProblem] {
    if case .failure(let problems) = read(text) { problems.problems } else { [] }
  }

  /// `base` with `find` replaced once; `§` in the replacement marks where the mistake is expected and is taken out.
  static func broken(_ find: String, _ replacement: String) -> (text: String, line: Int, column: Int)? {
    guard let range = base.range(of: find) else { return nil }
    let marked = base.replacingCharacters(in: range, with: replacement)
    guard let mark = marked.range(of: "§") else { return nil }
    let before = marked[..<mark.lowerBound]
    let tail = before.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
    return (
      marked.replacingCharacters(in: mark, with: ""), before.filter { $0 == "\n" }.count + 1,
      tail.unicodeScalars.count + 1
    )
  }
}

/// One way to break the sample.
struct Breakage: Sendable, CustomStringConvertible {
  var find: String
  var replacement: String
  var says: String
  /// How many mistakes in all; more than one only where one slip breaks two rules.
  var count = 1

  init(_ find: String, _ replacement: String, _ says: String, count: Int = 1) {
    (self.find, self.replacement, self.says, self.count) = (find, replacement, says, count)
  }

  var description: String { replacement }
}
