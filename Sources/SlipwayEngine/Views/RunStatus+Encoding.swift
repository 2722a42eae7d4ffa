internal import SlipwayModel

// The interface promises every key; what there is not is null, so that a script can tell it from a typing mistake.

extension RunStatus {
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(runID, forKey: .runID)
    try container.encode(project, forKey: .project)
    try container.encode(operation, forKey: .operation)
    try container.encode(release, forKey: .release)
    try container.encode(from, forKey: .from)
    try container.encode(to, forKey: .to)
    try container.encode(status, forKey: .status)
    try container.encode(step, forKey: .step)
    try container.encode(waitingFor, forKey: .waitingFor)
    try container.encode(planDigest, forKey: .planDigest)
    try container.encode(requestedBy, forKey: .requestedBy)
    try container.encode(startedAt, forKey: .startedAt)
    try container.encode(finishedAt, forKey: .finishedAt)
    try container.encode(weights, forKey: .weights)
    try container.encode(gates, forKey: .gates)
    try container.encode(steps, forKey: .steps)
    try container.encode(approvals, forKey: .approvals)
    try container.encode(rollback, forKey: .rollback)
    try container.encode(watch, forKey: .watch)
    try container.encode(evidenceDir, forKey: .evidenceDir)
    try container.encode(blueBackupID, forKey: .blueBackupID)
    try container.encode(greenArtifactID, forKey: .greenArtifactID)
    try container.encode(cutoverAt, forKey: .cutoverAt)
    try container.encode(inputs, forKey: .inputs)
  }
}

extension RunStatus.WaitingFor {
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(kind, forKey: .kind)
    try container.encode(until, forKey: .until)
    try container.encode(reason, forKey: .reason)
  }
}

extension RunStatus.StepLine {
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(kind, forKey: .kind)
    try container.encode(status, forKey: .status)
    try container.encode(attempts, forKey: .attempts)
    try container.encode(startedAt, forKey: .startedAt)
    try container.encode(finishedAt, forKey: .finishedAt)
    try container.encode(detail, forKey: .detail)
    try container.encode(data, forKey: .data)
    try container.encode(level, forKey: .level)
    try container.encode(confirmedBy, forKey: .confirmedBy)
    try container.encode(note, forKey: .note)
  }
}

extension RunStatus.Gate {
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(verdict, forKey: .verdict)
    try container.encode(reason, forKey: .reason)
    try container.encode(remedy, forKey: .remedy)
    try container.encode(warnings, forKey: .warnings)
    try container.encode(looksAgainAt, forKey: .looksAgainAt)
    try container.encode(proof, forKey: .proof)
  }
}
