internal import Foundation

/// What would be different: the release, its artifact, and the configuration that it would run under.
package struct RequestChange: Codable, Sendable, Equatable {
  /// What serves now; nil for the first deployment.
  package var now: Version?
  package var next: Version
  /// What of the release differs from what serves now.
  package var artifact: [Difference]
  /// What of the plan differs from the last successful run into this environment.
  package var configuration: [Difference]
  /// The run that ``configuration`` compares with; nil when there was none.
  package var comparedWith: RunID?
  /// How many further differences were left out because nobody would read them.
  package var leftOut: Int

  /// A release as it stands in an environment.
  package struct Version: Codable, Sendable, Equatable {
    package var release: ReleaseID
    package var artifact: String
    package var digest: Digest?
    package var commit: String?
    package var ciRun: String?
    package var slot: Slot
    /// Since when it serves; nil for one that does not yet.
    package var since: Timestamp?

    init(_ release: Release, in slot: Slot, since: Timestamp?) {
      self.release = release.id
      artifact = release.artifact
      digest = release.digest
      commit = release.commit
      ciRun = release.ciRun
      self.slot = slot
      self.since = since
    }
  }

  /// One value that differs; nil where one side lacks it.
  package struct Difference: Codable, Sendable, Equatable {
    package var path: String
    package var old: String?
    package var new: String?

    package init(path: String, old: String?, new: String?) {
      self.path = path
      self.old = old
      self.new = new
    }
  }

  /// More differences than this are counted, not listed.
  private static let most = 200

  /// - Parameters:
  ///   - plan: what is asked for.
  ///   - former: the last successful run into the environment.
  init(_ plan: Plan, since former: Promotion?) {
    now = plan.blue.map { Version($0.release, in: $0.slot, since: $0.since) }
    next = Version(plan.release, in: plan.green, since: nil)
    artifact = plan.blue.map { Self.differences(Leaves(of: $0.release), Leaves(of: plan.release)) } ?? []
    comparedWith = former?.run
    let all =
      former.map { Self.differences(Leaves(of: Configuration($0.plan)), Leaves(of: Configuration(plan))) } ?? []
    configuration = Array(all.prefix(Self.most))
    leftOut = max(0, all.count - Self.most)
  }

  private static func differences(_ old: Leaves, _ new: Leaves) -> [Difference] {
    Set(old.values.keys).union(new.values.keys).sorted().compactMap { path in
      let (before, after) = (old.values[path], new.values[path])
      return before == after ? nil : Difference(path: path, old: before, new: after)
    }
  }
}

/// What of a plan is configuration: everything that the file says and that a release does not bring along.
private struct Configuration: Encodable {
  var environment: EnvironmentSpec
  var gates: [String: GateSpec]
  var approval: ApprovalSpec?
  var roles: [RoleName: [Person]]
  var windows: [String: Window]
  var rollout: [Int]
  var watchedFor: [Span]
  var checksBeforeTraffic: [String: CheckSpec]
  var checksAfterRollout: [String: CheckSpec]
  var watch: WatchSpec
  var rollback: RollbackSpec
  var migration: MigrationSpec?

  init(_ plan: Plan) {
    environment = plan.environment
    approval = plan.approval
    roles = plan.roles
    windows = plan.windows
    watch = plan.watch
    rollback = plan.rollback
    migration = plan.migration
    gates = Dictionary(plan.gates.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    (rollout, watchedFor, checksBeforeTraffic, checksAfterRollout) = ([], [], [:], [:])
    for step in plan.steps {
      switch step.action {
      case .shift(let percent, settles: false): rollout.append(percent)
      case .watch(_, let duration): watchedFor.append(duration)
      case .verify(.green, let checks): for check in checks { checksBeforeTraffic[check.name] = check }
      case .verify(.front, let checks): for check in checks { checksAfterRollout[check.name] = check }
      default: break
      }
    }
  }
}

/// The single values of a record by their paths, such as `watch.rules.0.metric`: canonical JSON laid flat.
private struct Leaves {
  var values: [String: String] = [:]

  init(of record: some Encodable) {
    guard let data = try? CanonicalJSON.encode(record), let tree = try? CanonicalJSON.decode(Tree.self, from: data)
    else { return }
    gather(tree, at: "")
  }

  private mutating func gather(_ tree: Tree, at path: String) {
    func below(_ key: String) -> String { path.isEmpty ? key : path + "." + key }
    switch tree {
    case .leaf(let text): values[path] = text
    case .list(let items) where items.isEmpty: values[path] = "(none)"
    // A list of plain values is read as a whole; position by position nobody would see what was put in.
    case .list(let items) where items.allSatisfy(\.isLeaf): values[path] = items.map(\.text).joined(separator: ", ")
    case .list(let items): for (index, item) in items.enumerated() { gather(item, at: below("\(index)")) }
    case .object(let members) where members.isEmpty: values[path] = "(none)"
    case .object(let members):
      // Swift's own name for an unnamed part says nothing to a person.
      for (key, member) in members { gather(member, at: key == "_0" ? path : below(key)) }
    }
  }

  private enum Tree: Decodable {
    case leaf(String)
    case list([Tree])
    case object([String: Tree])

    var isLeaf: Bool { if case .leaf = self { true } else { false } }
    var text: String { if case .leaf(let text) = self { text } else { "" } }

    init(from decoder: any Decoder) throws {
      if let members = try? decoder.singleValueContainer().decode([String: Tree].self) {
        self = .object(members)
      } else if let items = try? decoder.singleValueContainer().decode([Tree].self) {
        self = .list(items)
      } else {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
          self = .leaf("nothing")
        } else if let flag = try? value.decode(Bool.self) {
          self = .leaf(flag ? "yes" : "no")
        } else if let number = try? value.decode(Int64.self) {
          self = .leaf("\(number)")
        } else if let number = try? value.decode(Double.self) {
          self = .leaf("\(number)")
        } else {
          self = .leaf(try value.decode(String.self))
        }
      }
    }
  }
}
