import Foundation
import SlipwayAnalysis
import Testing

@Suite("Theil–Sen slope and Mann–Kendall score")
struct TheilSenTests {
  struct Vector: Sendable, CustomTestStringConvertible {
    var name: String
    var x: [Double]
    var y: [Double]
    var confidence: Double
    /// Slope, intercept, low, high from scipy 1.17.1: `stats.theilslopes(y, x, confidence)`.
    var expected: [Double]
    var testDescription: String { "\(name) at \(confidence)" }
  }

  private static let noise = [
    100.006, 101.494, 98.629, 95.547, 97.727, 95.042, 100.301, 106.701, 97.539, 96.898, 102.449, 101.784,
  ]
  private static let rise = [
    200.42, 202.28, 211.88, 220.78, 218.62, 228.17, 228.4, 236.84, 240.63, 253.06, 254.93, 267.09, 272.63, 277.25,
    273.93, 287.85, 295.81, 302.45, 301.88, 312.09,
  ]
  private static let tiedX: [Double] = [0, 1, 1, 2, 3, 3, 3, 4, 5, 6]
  private static let tiedY: [Double] = [1, 2, 2, 2, 3, 3, 5, 5, 4, 4]
  private static let wild: [Double] = [1, 2, 3, 4, 500, 6, 7, 8, 9, 10]
  private static let unevenX = [0, 0.5, 7, 7.25, 30, 31, 100, 1_000]
  private static let unevenY: [Double] = [-3, 2, 1, 8, 6, 9, 4, 12]

  private static func counted(_ count: Int, by step: Double = 1) -> [Double] { (0..<count).map { Double($0) * step } }

  static let vectors = [
    Vector(
      name: "noise", x: counted(12), y: noise, confidence: 0.95,
      expected: [0.13387373737373753, 98.58119444444444, -0.5745000000000005, 0.8678333333333322]),
    Vector(
      name: "noise", x: counted(12), y: noise, confidence: 0.99,
      expected: [0.13387373737373753, 98.58119444444444, -1.1343333333333352, 1.4150000000000016]),
    Vector(
      name: "rise", x: counted(20, by: 600), y: rise, confidence: 0.95,
      expected: [0.009938229166666666, 197.34709375, 0.00939523809523809, 0.010434375]),
    Vector(
      name: "rise", x: counted(20, by: 600), y: rise, confidence: 0.99,
      expected: [0.009938229166666666, 197.34709375, 0.00917083333333333, 0.010729487179487176]),
    Vector(
      name: "ties", x: tiedX, y: tiedY, confidence: 0.95, expected: [0.5, 1.5, 0.3333333333333333, 1]),
    Vector(name: "ties", x: tiedX, y: tiedY, confidence: 0.99, expected: [0.5, 1.5, 0, 1.3333333333333333]),
    Vector(
      name: "constant", x: counted(8), y: Array(repeating: 3.5, count: 8), confidence: 0.95, expected: [0, 3.5, 0, 0]),
    Vector(name: "a wild one", x: counted(10), y: wild, confidence: 0.99, expected: [1, 2, 1, 1]),
    Vector(name: "three", x: counted(3), y: [5, 1, 9], confidence: 0.95, expected: [2, 3, -4, 8]),
    Vector(
      name: "uneven", x: unevenX, y: unevenY, confidence: 0.95,
      expected: [0.03718166383701188, 4.3074915110356535, 0.0030959752321981426, 0.5714285714285714]),
    Vector(
      name: "uneven", x: unevenX, y: unevenY, confidence: 0.99,
      expected: [0.03718166383701188, 4.3074915110356535, -0.0431266846361186, 1.5172413793103448]),
  ]

  @Test("E14: slope and interval are those of scipy.stats.theilslopes", arguments: vectors)
  func scipy(_ vector: Vector) throws {
    let line = try #require(TheilSen(x: vector.x, y: vector.y, confidence: vector.confidence))
    for (value, expected) in zip([line.slope, line.intercept, line.low, line.high], vector.expected) {
      #expect(abs(value - expected) <= 1e-12 * max(1, abs(expected)), "\(value) \(expected)")
    }
  }

  @Test(
    "E14: the score counts rising pairs less falling ones",
    arguments: [(noise, 6), (rise, 184), (tiedY, 31), (wild, 35), ([3.5, 3.5, 3.5], 0)])
  func score(_ y: [Double], _ score: Int) {
    #expect(MannKendall(y).score == score)
  }

  @Test("E14: a rise is beyond chance, noise and a constant are not")
  func chance() {
    #expect(MannKendall(Self.rise).p < 1e-6)
    #expect(MannKendall(Self.noise).p > 0.5)
    #expect(MannKendall([1, 1, 1, 1]).p == 1)
    // scipy.stats: 2 * norm.sf((184 - 1) / sqrt(950))
    #expect(abs(MannKendall(Self.rise).z - 5.937304) < 1e-5)
  }

  @Test("E14: order does not matter, shift and scale do what they should, and a mirror turns the interval round")
  func laws() throws {
    var random = TrendSeed(seed: 11)
    for _ in 0..<200 {
      let count = Int(random.next() % 30) + 2
      let x = (0..<count).map { Double($0) * 10 + random.unit() }
      let y = (0..<count).map { _ in random.unit() * 100 }
      let line = try #require(TheilSen(x: x, y: y))
      let order = x.indices.shuffled(using: &random)
      #expect(TheilSen(x: order.map { x[$0] }, y: order.map { y[$0] }) == line)
      #expect(line.low <= line.slope && line.slope <= line.high)
      let mirrored = try #require(TheilSen(x: x, y: y.map { -$0 }))
      #expect(mirrored.slope == -line.slope)
      let steeper = try #require(TheilSen(x: x, y: zip(x, y).map { $1 + 3 * $0 }))
      #expect(abs(steeper.slope - line.slope - 3) < 1e-9)
      #expect(abs(steeper.low - line.low - 3) < 1e-9)
      let wider = try #require(TheilSen(x: x, y: y, inflation: 4))
      #expect(wider.low <= line.low && wider.high >= line.high)
    }
  }

  @Test(
    "garbage is no line", arguments: [([], []), ([1], [1]), ([1, 1], [1, 2]), ([1, 2], [1]), ([1, 2], [.nan, 1])])
  func garbage(_ x: [Double], _ y: [Double]) {
    #expect(TheilSen(x: x, y: y) == nil)
  }

  @Test("E14: noise that hangs together counts for fewer readings, independent noise does not")
  func autocorrelation() {
    var random = TrendSeed(seed: 5)
    let independent = (0..<200).map { _ in random.unit() }
    #expect(Autocorrelation.inflation(of: independent) < 1.6)
    var value = 0.0
    let clinging = (0..<200).map { _ in
      value = 0.8 * value + random.unit() - 0.5
      return value
    }
    // (1 + 0.8) / (1 - 0.8) = 9 in the limit.
    #expect((4...20).contains(Autocorrelation.inflation(of: clinging)))
    #expect(Autocorrelation.inflation(of: [1, 2]) == 1)
    #expect(Autocorrelation.inflation(of: Array(repeating: 2, count: 50)) >= 1)
  }
}

/// A small seeded generator.
struct TrendSeed: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// From 0 to 1.
  mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}
