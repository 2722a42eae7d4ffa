/// Finds the smallest part of a story that still breaks the same rule (Zeller's delta debugging).
struct Shrinking {
  let rule: String
  private(set) var attempts = 0
  private let limit: Int

  init(_ rule: String, limit: Int = 300) {
    self.rule = rule
    self.limit = limit
  }

  mutating func shrink(_ story: Story, fails: (Story) -> Bool) -> Story {
    var best = story
    var parts = 2
    while best.elements.count > 1, parts <= best.elements.count, attempts < limit {
      let size = (best.elements.count + parts - 1) / parts
      var isSmaller = false
      var start = 0
      while start < best.elements.count, attempts < limit {
        var candidate = best
        candidate.elements.removeSubrange(start..<min(start + size, best.elements.count))
        attempts += 1
        if fails(candidate) {
          best = candidate
          isSmaller = true
        } else {
          start += size
        }
      }
      if isSmaller {
        parts = max(2, parts - 1)
      } else if size == 1 {
        break
      } else {
        parts = min(parts * 2, best.elements.count)
      }
    }
    return best
  }
}
