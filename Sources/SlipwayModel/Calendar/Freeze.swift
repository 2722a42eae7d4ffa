/// A time in which nothing may be promoted.
package struct Freeze: Codable, Sendable, Equatable {
  package var name: String
  package var from: Timestamp
  package var until: Timestamp
  package var reason: String
  /// The environments it covers; empty means all.
  package var environments: [EnvironmentName]
  /// The projects it covers, where several share one state; empty means all.
  package var projects: [String]
  /// Who ordered it; nil for one that stands in the pipeline file.
  package var by: Person?
  /// When it was ordered.
  package var at: Timestamp?

  package init(
    name: String, from: Timestamp, until: Timestamp, reason: String, environments: [EnvironmentName] = [],
    projects: [String] = [], by: Person? = nil, at: Timestamp? = nil
  ) {
    self.name = name
    self.from = from
    self.until = until
    self.reason = reason
    self.environments = environments
    self.projects = projects
    self.by = by
    self.at = at
  }

  /// Reads also what was written before freezes knew projects.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    from = try container.decode(Timestamp.self, forKey: .from)
    until = try container.decode(Timestamp.self, forKey: .until)
    reason = try container.decode(String.self, forKey: .reason)
    environments = try container.decode([EnvironmentName].self, forKey: .environments)
    projects = try container.decodeIfPresent([String].self, forKey: .projects) ?? []
    by = try container.decodeIfPresent(Person.self, forKey: .by)
    at = try container.decodeIfPresent(Timestamp.self, forKey: .at)
  }

  /// Whether it concerns what `project` promotes into `environment`.
  package func concerns(_ environment: EnvironmentName, of project: String) -> Bool {
    (environments.isEmpty || environments.contains(environment)) && (projects.isEmpty || projects.contains(project))
  }

  /// Whether the freeze is in force at `time`; its last instant is free again.
  package func isActive(at time: Timestamp) -> Bool { from <= time && time < until }
}
