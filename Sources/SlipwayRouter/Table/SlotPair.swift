internal import SlipwayModel

/// One value per slot, found without hashing, because the hot path asks several times a request.
struct SlotPair<Value> {
  var a: Value
  var b: Value

  init(_ make: (Slot) -> Value) {
    a = make(.a)
    b = make(.b)
  }

  subscript(slot: Slot) -> Value {
    get { slot == .a ? a : b }
    _modify {
      if slot == .a { yield &a } else { yield &b }
    }
  }
}

extension SlotPair: Sendable where Value: Sendable {}
