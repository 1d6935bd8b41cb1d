// Lane operations that round, saturate, widen or narrow, at the values where they differ from plain
// arithmetic.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "isa/assembler.h"
#include "isa/decoder.h"
#include "isa/evaluate.h"

namespace isobar::isa {
namespace {

struct IntegerLaneCase {
  const char* text;  ///< destination V0
  Value v0, v1, v2;
  Value expected;
  bool saturates;
};

void check_integer_lanes(const std::vector<IntegerLaneCase>& cases) {
  constexpr u64 kSaturation = u64{1} << 27;
  for (const IntegerLaneCase& c : cases) {
    std::string why;
    const std::optional<u32> word = assemble_word(c.text, &why);
    ASSERT_TRUE(word.has_value()) << c.text << ": " << why;
    const Instruction i = decode(*word);
    ASSERT_EQ(i.count, 1) << c.text;
    const Uop& u = i.uops[0];
    const std::array<Value, 3> v{c.v0, c.v1, c.v2};
    Inputs in;
    for (unsigned s = 0; s < u.n_src; ++s)
      if (is_vector(u.src[s])) in[s] = v.at(index(u.src[s]) - index(Reg::V0));
    const AluResult r = evaluate(u, in, 0);
    EXPECT_EQ(r.dst[0], c.expected) << c.text << std::hex << " got " << r.dst[0].hi << ":" << r.dst[0].lo;
    EXPECT_EQ(u.dst[1] == Reg::FPSR ? r.dst[1].lo : 0, c.saturates ? kSaturation : 0) << c.text;
  }
}

TEST(IntegerLanes, SaturationSetsTheCumulativeBit) {
  check_integer_lanes({
      {"sqadd b0, b1, b2", {}, {0x7f, 0}, {1, 0}, {0x7f, 0}, true},
      {"sqadd b0, b1, b2", {}, {0x7e, 0}, {1, 0}, {0x7f, 0}, false},
      {"uqsub h0, h1, h2", {}, {1, 0}, {2, 0}, {0, 0}, true},
      {"sqsub d0, d1, d2", {}, {u64{1} << 63, 0}, {1, 0}, {u64{1} << 63, 0}, true},
      {"uqadd d0, d1, d2", {}, {~u64{0}, 0}, {1, 0}, {~u64{0}, 0}, true},
      {"sqneg s0, s1", {}, {0x80000000, 0}, {}, {0x7fffffff, 0}, true},
      {"sqabs d0, d1", {}, {u64{1} << 63, 0}, {}, {~u64{0} >> 1, 0}, true},
      {"suqadd b0, b1", {0x7f, 0}, {0xff, 0}, {}, {0x7f, 0}, true},
      {"usqadd b0, b1", {1, 0}, {0xfe, 0}, {}, {0, 0}, true},
      {"sqdmulh h0, h1, h2", {}, {0x8000, 0}, {0x8000, 0}, {0x7fff, 0}, true},
      {"sqdmulh h0, h1, h2", {}, {0x4000, 0}, {0x4000, 0}, {0x2000, 0}, false},
      {"sqrdmulh h0, h1, h2", {}, {1, 0}, {0x4000, 0}, {1, 0}, false},
      {"sqdmull s0, h1, h2", {}, {0x8000, 0}, {0x8000, 0}, {0x7fffffff, 0}, true},
      {"sqdmlsl s0, h1, h2", {0x80000000, 0}, {1, 0}, {1, 0}, {0x80000000, 0}, true},
      {"sqrdmlah h0, h1, h2", {0x7fff, 0}, {0x7fff, 0}, {0x7fff, 0}, {0x7fff, 0}, true},
      {"sqxtn b0, h1", {}, {0xff7f, 0}, {}, {0x80, 0}, true},
      {"sqxtun b0, h1", {}, {0xffff, 0}, {}, {0, 0}, true},
      {"uqxtn s0, d1", {}, {0xffffffff, 0}, {}, {0xffffffff, 0}, false},
  });
}

TEST(IntegerLanes, ShiftsByRegister) {
  check_integer_lanes({
      {"sshl d0, d1, d2", {}, {u64{1} << 63, 0}, {0xc0, 0}, {~u64{0}, 0}, false},
      {"ushl d0, d1, d2", {}, {1, 0}, {64, 0}, {0, 0}, false},
      {"ushl d0, d1, d2", {}, {1, 0}, {0x103f, 0}, {u64{1} << 63, 0}, false},
      {"srshl d0, d1, d2", {}, {3, 0}, {0xff, 0}, {2, 0}, false},
      {"urshl d0, d1, d2", {}, {~u64{0}, 0}, {0xc0, 0}, {1, 0}, false},
      {"urshl d0, d1, d2", {}, {~u64{0}, 0}, {0xbf, 0}, {0, 0}, false},
      {"sqshl d0, d1, d2", {}, {1, 0}, {63, 0}, {~u64{0} >> 1, 0}, true},
      {"sqshl d0, d1, d2", {}, {~u64{0}, 0}, {63, 0}, {u64{1} << 63, 0}, false},
      {"uqshl b0, b1, b2", {}, {1, 0}, {127, 0}, {0xff, 0}, true},
      {"uqrshl b0, b1, b2", {}, {0xff, 0}, {0xf8, 0}, {1, 0}, false},
  });
}

TEST(IntegerLanes, ShiftsByImmediate) {
  check_integer_lanes({
      {"ursra d0, d1, #64", {5, 0}, {u64{1} << 63, 0}, {}, {6, 0}, false},
      {"srshr d0, d1, #1", {}, {~u64{0}, 0}, {}, {0, 0}, false},
      {"sli d0, d1, #8", {0xff, 0}, {1, 0}, {}, {0x1ff, 0}, false},
      {"sri d0, d1, #64", {7, 0}, {~u64{0}, 0}, {}, {7, 0}, false},
      {"sri v0.4h, v1.4h, #12",
       {0x1110111011101110, 0},
       {0xf000f000f000f000, 0},
       {},
       {0x111f111f111f111f, 0},
       false},
      {"sqshlu b0, b1, #1", {}, {0xff, 0}, {}, {0, 0}, true},
      {"rshrn v0.8b, v1.8h, #8", {}, {0x00800180ff80ff7f, 0}, {}, {0x010200ff, 0}, false},
      {"sqrshrun2 v0.16b, v1.8h, #4", {1, 9}, {0x7fff, 0}, {}, {1, 0xff}, true},
      {"shll v0.8h, v1.8b, #8", {}, {0x0102, 0}, {}, {0x01000200, 0}, false},
  });
}

TEST(IntegerLanes, WidthsChange) {
  check_integer_lanes({
      {"saddl v0.8h, v1.8b, v2.8b", {}, {0xff, 0}, {0x80, 0}, {0xff7f, 0}, false},
      {"uaddw2 v0.8h, v1.8h, v2.16b", {}, {1, 0}, {0, 0xff}, {0x100, 0}, false},
      {"raddhn v0.8b, v1.8h, v2.8h", {}, {0x00ff, 0}, {0x0081, 0}, {2, 0}, false},
      {"subhn2 v0.16b, v1.8h, v2.8h", {3, 4}, {0x1000, 0}, {0x0001, 0}, {3, 0x0f}, false},
      {"uabal v0.4s, v1.4h, v2.4h", {1, 0}, {0x0000, 0}, {0xffff, 0}, {0x10000, 0}, false},
      {"smlsl v0.2d, v1.2s, v2.s[0]", {1, 0}, {0xffffffff, 0}, {2, 0}, {3, 0}, false},
      {"uaddlv d0, v1.4s", {}, {~u64{0}, ~u64{0}}, {}, {0x3fffffffc, 0}, false},
      {"saddlp v0.1d, v1.2s", {}, {0xffffffff00000001, 0}, {}, {0, 0}, false},
      {"srhadd v0.8b, v1.8b, v2.8b", {}, {0x7f, 0}, {0x7e, 0}, {0x7f, 0}, false},
      {"uhsub v0.8b, v1.8b, v2.8b", {}, {0, 0}, {1, 0}, {0xff, 0}, false},
      {"pmull v0.8h, v1.8b, v2.8b", {}, {0xff, 0}, {0xff, 0}, {0x5555, 0}, false},
      {"sdot v0.2s, v1.8b, v2.8b",
       {1, 0},
       {0x80ff0102, 0},
       {0x80ff0304, 0},
       {1 + 8 + 3 + 1 + 16384, 0},
       false},
      {"cls v0.2s, v1.2s", {}, {0xffffffff'00000000, 0}, {}, {0x1f'0000001f, 0}, false},
      {"clz v0.8b, v1.8b", {}, {0x80'01'00, 0}, {}, {0x0808'0808'0800'0708, 0}, false},
  });
}

}  // namespace
}  // namespace isobar::isa
