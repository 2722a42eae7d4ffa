package import SlipwayModel

/// What the evidence says about data: what was copied, from where, how it was checked, what became of it (B5, B10, C3, C7).
extension EvidenceFiles {
  /// `staging_snapshot.json`, `blue_backup.json`, `green_restore.json`.
  struct DataFile: Encodable {
    var applies: Bool
    var reason: String
    /// The snapshot that was made or restored from; nil where there is none.
    var snapshot: SnapshotID?
    /// SHA-256 of the snapshot's manifest, which has that of every file.
    var checksum: Digest?
    var blue: Placement?
    var migration: MigrationSpec?
    /// How it was done and checked, in numbers.
    var report: DataReport?
    var steps: [RunStatus.StepLine]
  }

  var sourceSnapshot: DataFile {
    guard let source = promotion.plan.source else {
      return DataFile(
        applies: false,
        reason: "this promotion brings no data along, so nothing of the environment before was copied", steps: [])
    }
    return file(
      .snapshot, done: "the data of \(source.environment.name) were copied and the copy read back",
      undone: "the data of \(source.environment.name) were not copied")
  }

  var blueBackup: DataFile {
    var backup = file(
      .backup,
      done: "the data were copied before anything changed them; blue itself stays in its slot and can serve again",
      undone: "no data were copied; blue itself stays in its slot and can serve again")
    backup.blue = promotion.plan.blue
    backup.migration = promotion.plan.migration
    backup.steps += [DataDeed.migrate, .restore, .resumeWrites, .setAside].flatMap(lines)
    return backup
  }

  var greenRestore: DataFile {
    guard promotion.plan.greenData != .shared else {
      return DataFile(
        applies: false, reason: "green was made by deploying the release into its slot, on the data that blue has",
        steps: steps(of: .deploy))
    }
    var file = file(
      .green, done: "green's data were made beside the running ones and checked before anybody saw them",
      undone: "green got no data of its own")
    file.steps += steps(of: .deploy)
    return file
  }

  private func file(_ deed: DataDeed, done: String, undone: String) -> DataFile {
    let record = promotion.records.last { $0.step.action == .data(deed) }
    let isDone = record?.status == .succeeded
    let report = record?.data
    // A snapshot has the run's name, also where the report of making it was lost with the process that made it.
    let name: SnapshotID? =
      switch deed {
      case .snapshot: SnapshotID("\(promotion.run)-source")
      case .backup: SnapshotID(promotion.run.text)
      default: nil
      }
    return DataFile(
      applies: isDone, reason: isDone ? done : undone, snapshot: report?.snapshot ?? (isDone ? name : nil),
      checksum: report?.manifest, report: report, steps: lines(of: deed))
  }

  private func lines(of deed: DataDeed) -> [RunStatus.StepLine] {
    let ids = Set(promotion.records.filter { $0.step.action == .data(deed) }.map(\.step.id))
    return RunStatus(promotion, at: ending).steps.filter { ids.contains($0.id) }
  }
}

extension Promotion {
  /// What going back left behind; nil where nothing was, or nobody could say.
  package var loss: DataLoss? { records.compactMap { $0.data?.loss }.last }
}
