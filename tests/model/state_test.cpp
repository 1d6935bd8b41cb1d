// Values that the state is made of: the register file and the queue of micro-ops in flight.
#include <gtest/gtest.h>

#include "isa/decoder.h"
#include "model/state/machine_state.h"
#include "model/thread/window.h"

namespace isobar::model {
namespace {

using isa::Reg;

Digest hash_of(const RegisterFile& r) {
  Hasher h;
  r.hash(h);
  return h.digest();
}

TEST(RegisterFile, HashIsTheSameKeptOrMadeAnew) {
  RegisterFile kept, anew;
  anew.keep_hash(false);
  for (RegisterFile* r : {&kept, &anew}) {
    r->set(isa::x_reg(3), {7, 0});
    r->set(isa::x_reg(3), {9, 0});
    r->set(isa::v_reg(2), {1, 2});
    r->set(isa::x_reg(4), {5, 0});
    r->set(isa::x_reg(4), {0, 0});
  }
  EXPECT_EQ(hash_of(kept), hash_of(anew));
  anew.keep_hash(true);
  for (RegisterFile* r : {&kept, &anew}) r->set(isa::v_reg(2), {1, 0});
  EXPECT_EQ(hash_of(kept), hash_of(anew));
  EXPECT_NE(hash_of(kept), hash_of(RegisterFile{}));
}

/// LDR X1, [X2]; STR X1, [X2]; ADD X1, X1, X2; CBZ X1, . - 4; LDAR X1, [X2]; DMB ISH
constexpr u32 kWords[] = {0xf9400041, 0xf9000041, 0x8b020021, 0xb4ffffe1, 0xc8dffc41, 0xd5033bbf};

void push(Core& c, unsigned n) {
  const unsigned place = c.next_seq % std::size(kWords);
  for (unsigned i = 0; i < n; ++i) append(c, isa::decode_cached(kWords[(place + i) % std::size(kWords)]), 4 * i);
}

void expect_masks(const Core& c) {
  for (unsigned i = 0; i < c.window.size(); ++i) {
    const Entry& e = c.window[i];
    const auto in = [i](u64 mask) { return (mask >> i & 1) != 0; };
    EXPECT_EQ(in(c.window.reads()), is_read(e));
    EXPECT_EQ(in(c.window.writes()), is_write(e));
    EXPECT_EQ(in(c.window.arithmetic()), e.uop->kind == isa::UopKind::Alu);
    EXPECT_EQ(in(c.window.backward_branches()), e.uop->kind == isa::UopKind::Branch);
    EXPECT_EQ(in(c.window.plain()), !e.uop->mem.acquire && e.uop->kind != isa::UopKind::Barrier);
    if (i > 0) {
      EXPECT_EQ(e.seq, c.window[i - 1].seq + 1);
    }
  }
  const u64 all = c.window.reads() | c.window.writes() | c.window.plain() | c.window.open();
  EXPECT_EQ(all & ~ones(static_cast<unsigned>(c.window.size())), 0u);
}

TEST(Entries, MasksFollowWhatComesAndGoes) {
  Core c;
  for (unsigned round = 0; round < 200; ++round) {
    push(c, 7);
    expect_masks(c);
    if (round % 3 == 0) truncate(c, static_cast<unsigned>(c.window.size()) - 2), c.next_seq -= 2;
    c.window.drop_front(std::min<unsigned>(round % 9, static_cast<unsigned>(c.window.size())));
    if (c.window.size() > 50) c.window.drop_front(45);
    expect_masks(c);
  }
  EXPECT_GT(c.next_seq, 1000u);
}

TEST(Entries, CopiesAreIndependent) {
  Core c;
  push(c, 20);
  c.window.drop_front(5);
  Entries copy = c.window;
  ASSERT_EQ(copy.size(), 15u);
  EXPECT_EQ(copy[3].seq, c.window[3].seq);
  EXPECT_EQ(copy.writes(), c.window.writes());
  copy[3].value = {1, 0};
  copy.truncate(4);
  EXPECT_EQ(c.window[3].value, (Value{}));
  EXPECT_EQ(c.window.size(), 15u);
  c.window = std::move(copy);
  EXPECT_EQ(c.window.size(), 4u);
  EXPECT_EQ(c.window[3].value, (Value{1, 0}));
  c.window.truncate(0);
  EXPECT_TRUE(c.window.empty());
  EXPECT_EQ(c.window.open(), 0u);
}

TEST(Entries, ClosedOnesAreVisitedNoMoreUntilOpened) {
  Core c;
  push(c, 6);
  EXPECT_EQ(c.window.next_open(0), 0u);
  for (unsigned i : {0u, 1u, 3u}) c.window.close(i);
  EXPECT_EQ(c.window.next_open(0), 2u);
  EXPECT_EQ(c.window.next_open(3), 4u);
  EXPECT_EQ(c.window.next_open(6), 64u);
  c.window.reopen(1);
  EXPECT_EQ(c.window.next_open(0), 1u);
  c.window.drop_front(2);
  EXPECT_EQ(c.window.next_open(1), 2u);
}

}  // namespace
}  // namespace isobar::model
