#include "isa/assembler_link.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/BinaryFormat/ELF.h>
#include <llvm/MC/MCAsmBackend.h>
#include <llvm/MC/MCContext.h>
#include <llvm/MC/MCFixup.h>
#include <llvm/MC/MCFragment.h>
#include <llvm/MC/MCSectionELF.h>
#include <llvm/MC/MCSymbolELF.h>
#include <llvm/MC/MCValue.h>

#include <algorithm>
#include <cstring>

#include "support/bits.h"

namespace isobar::isa::mc {

namespace ELF = llvm::ELF;

namespace {

constexpr u32 kNop = 0xd503201f;

/// How a relocation of the ELF for the Arm 64-bit Architecture (section 5.7) puts its value into memory.
enum class Field : u8 {
  Data,    ///< `width` bits of data
  Imm26,   ///< B, BL
  Imm19,   ///< B.cond, CBZ, LDR (literal)
  Imm14,   ///< TBZ
  Adr,     ///< immhi:immlo
  Imm12,   ///< ADD, LDR, STR (unsigned offset)
  Mov,     ///< MOVZ, MOVK: bits [shift + 15:shift]
  MovSign  ///< MOVN or MOVZ by the sign of the value
};

struct Relocation {
  unsigned type;
  Field field;
  bool relative;   ///< to the place
  bool page;       ///< to the page of the place
  u8 width;        ///< bits of the checked range, before scaling; 0: not checked
  bool is_signed;  ///< range is -2^(width-1) to 2^(width-1)-1; data fields accept both readings
  u8 shift;        ///< low bits dropped; they must be zero for relative and Imm12 fields
};

constexpr Relocation kRelocations[] = {
    {ELF::R_AARCH64_ABS64, Field::Data, false, false, 64, true, 0},
    {ELF::R_AARCH64_ABS32, Field::Data, false, false, 32, true, 0},
    {ELF::R_AARCH64_ABS16, Field::Data, false, false, 16, true, 0},
    {ELF::R_AARCH64_PREL64, Field::Data, true, false, 64, true, 0},
    {ELF::R_AARCH64_PREL32, Field::Data, true, false, 32, true, 0},
    {ELF::R_AARCH64_PREL16, Field::Data, true, false, 16, true, 0},
    {ELF::R_AARCH64_PLT32, Field::Data, true, false, 32, true, 0},
    {ELF::R_AARCH64_CALL26, Field::Imm26, true, false, 28, true, 2},
    {ELF::R_AARCH64_JUMP26, Field::Imm26, true, false, 28, true, 2},
    {ELF::R_AARCH64_CONDBR19, Field::Imm19, true, false, 21, true, 2},
    {ELF::R_AARCH64_LD_PREL_LO19, Field::Imm19, true, false, 21, true, 2},
    {ELF::R_AARCH64_TSTBR14, Field::Imm14, true, false, 16, true, 2},
    {ELF::R_AARCH64_ADR_PREL_LO21, Field::Adr, true, false, 21, true, 0},
    {ELF::R_AARCH64_ADR_PREL_PG_HI21, Field::Adr, true, true, 33, true, 12},
    {ELF::R_AARCH64_ADR_PREL_PG_HI21_NC, Field::Adr, true, true, 0, true, 12},
    {ELF::R_AARCH64_ADD_ABS_LO12_NC, Field::Imm12, false, false, 0, false, 0},
    {ELF::R_AARCH64_LDST8_ABS_LO12_NC, Field::Imm12, false, false, 0, false, 0},
    {ELF::R_AARCH64_LDST16_ABS_LO12_NC, Field::Imm12, false, false, 0, false, 1},
    {ELF::R_AARCH64_LDST32_ABS_LO12_NC, Field::Imm12, false, false, 0, false, 2},
    {ELF::R_AARCH64_LDST64_ABS_LO12_NC, Field::Imm12, false, false, 0, false, 3},
    {ELF::R_AARCH64_LDST128_ABS_LO12_NC, Field::Imm12, false, false, 0, false, 4},
    {ELF::R_AARCH64_MOVW_UABS_G0, Field::Mov, false, false, 16, false, 0},
    {ELF::R_AARCH64_MOVW_UABS_G0_NC, Field::Mov, false, false, 0, false, 0},
    {ELF::R_AARCH64_MOVW_UABS_G1, Field::Mov, false, false, 32, false, 16},
    {ELF::R_AARCH64_MOVW_UABS_G1_NC, Field::Mov, false, false, 0, false, 16},
    {ELF::R_AARCH64_MOVW_UABS_G2, Field::Mov, false, false, 48, false, 32},
    {ELF::R_AARCH64_MOVW_UABS_G2_NC, Field::Mov, false, false, 0, false, 32},
    {ELF::R_AARCH64_MOVW_UABS_G3, Field::Mov, false, false, 0, false, 48},
    {ELF::R_AARCH64_MOVW_SABS_G0, Field::MovSign, false, false, 17, true, 0},
    {ELF::R_AARCH64_MOVW_SABS_G1, Field::MovSign, false, false, 33, true, 16},
    {ELF::R_AARCH64_MOVW_SABS_G2, Field::MovSign, false, false, 49, true, 32},
    {ELF::R_AARCH64_MOVW_PREL_G0, Field::MovSign, true, false, 17, true, 0},
    {ELF::R_AARCH64_MOVW_PREL_G0_NC, Field::Mov, true, false, 0, true, 0},
    {ELF::R_AARCH64_MOVW_PREL_G1, Field::MovSign, true, false, 33, true, 16},
    {ELF::R_AARCH64_MOVW_PREL_G1_NC, Field::Mov, true, false, 0, true, 16},
    {ELF::R_AARCH64_MOVW_PREL_G2, Field::MovSign, true, false, 49, true, 32},
    {ELF::R_AARCH64_MOVW_PREL_G2_NC, Field::Mov, true, false, 0, true, 32},
    {ELF::R_AARCH64_MOVW_PREL_G3, Field::MovSign, true, false, 0, true, 48},
};

bool in_range(const Relocation& r, u64 value) {
  if (r.width == 0 || r.width == 64) return true;
  const bool as_signed = sign_extend(value, r.width) == value;
  const bool as_unsigned = (value & ones(r.width)) == value;
  if (r.field == Field::Data && !r.relative) return as_signed || as_unsigned;
  return r.is_signed ? as_signed : as_unsigned;
}

u32 insert(u32 word, u64 value, unsigned width, unsigned at) {
  const u32 mask = static_cast<u32>(ones(width)) << at;
  return (word & ~mask) | ((static_cast<u32>(value) << at) & mask);
}

u32 patch(u32 word, Field field, u64 value, bool negative) {
  switch (field) {
    case Field::Data: break;
    case Field::Imm26: return insert(word, value, 26, 0);
    case Field::Imm19: return insert(word, value, 19, 5);
    case Field::Imm14: return insert(word, value, 14, 5);
    case Field::Adr: return insert(insert(word, value, 2, 29), value >> 2, 19, 5);
    case Field::Imm12: return insert(word, value, 12, 10);
    case Field::Mov: return insert(word, value, 16, 5);
    case Field::MovSign:
      return insert(insert(word, negative ? ~value : value, 16, 5), negative ? 0 : 1, 1, 30);
  }
  return word;
}

bool is_loaded(const llvm::MCSection& section) {
  return (llvm::cast<llvm::MCSectionELF>(section).getFlags() & ELF::SHF_ALLOC) != 0;
}

std::string hex(u64 v) {
  return "0x" + llvm::utohexstr(v, /*LowerCase=*/true);
}

/// Where a symbol is, if it is in a section; variables (`.set a, b + 4`) count as where they point.
const llvm::MCSection* section_of(const llvm::MCSymbol& symbol) {
  return symbol.isInSection() ? &symbol.getSection() : nullptr;
}

}  // namespace

void Linker::recordRelocation(llvm::MCAssembler& assembler, const llvm::MCFragment* fragment,
                              const llvm::MCFixup& fixup, llvm::MCValue target, uint64_t& fixed_value) {
  const auto* section = llvm::cast<llvm::MCSectionELF>(fragment->getParent());
  const std::size_t before = Relocations[section].size();
  ELFObjectWriter::recordRelocation(assembler, fragment, fixup, target, fixed_value);
  const auto& entries = Relocations[section];
  if (entries.size() > before) pending_.push_back({section, entries.back(), fixup.getLoc()});
}

bool Linker::place(const llvm::MCAssembler& assembler) {
  for (const bool text : {true, false}) {
    for (const llvm::MCSection& section : assembler) {
      if (is_loaded(section) && section.isText() == text) order_.push_back(&section);
    }
  }
  u64 size = 0;
  for (const llvm::MCSection* section : order_) {
    u64 section_size = 0;
    for (const llvm::MCFragment& fragment : *section) {
      const u64 n = assembler.computeFragmentSize(fragment);
      if (n > kMaxOutput || section_size + n > kMaxOutput) section_size = kMaxOutput + 1;
      if (section_size > kMaxOutput) break;
      section_size += n;
    }
    const u64 align = std::max<u64>(section->getAlign().value(), 1);
    const u64 gap = section_size == 0 ? 0 : (0 - (base_ + size)) & (align - 1);
    if (section_size > kMaxOutput || gap > kMaxOutput || size + gap + section_size > kMaxOutput) {
      report_({}, "output is larger than " + std::to_string(kMaxOutput >> 20) + " MiB");
      return false;
    }
    start_[section] = size + gap;
    size += gap + section_size;
  }
  size_ = size;
  return true;
}

void Linker::copy_contents(const llvm::MCAssembler& assembler) {
  image_.base = base_;
  image_.bytes.assign(size_, 0);
  for (const llvm::MCSection* section : order_) {
    if (section->isVirtualSection()) continue;
    llvm::SmallVector<char, 0> contents;
    llvm::raw_svector_ostream out(contents);
    assembler.writeSectionData(out, section);
    const u64 at = start_[section];
    std::copy(contents.begin(), contents.end(), image_.bytes.begin() + static_cast<long>(at));
  }
  // The gap that an alignment larger than that of the base leaves before the code.
  const u64 first = order_.empty() || !order_[0]->isText() ? 0 : start_[order_[0]];
  for (u64 i = 0; i + 4 <= first; i += 4) std::memcpy(&image_.bytes[i], &kNop, 4);
}

void Linker::collect_labels(const llvm::MCAssembler& assembler) {
  for (const llvm::MCSymbol& symbol : assembler.symbols()) {
    const llvm::StringRef name = symbol.getName();
    if (llvm::cast<llvm::MCSymbolELF>(symbol).getType() == ELF::STT_SECTION) continue;
    const bool mapping = name == "$x" || name == "$d" || name.starts_with("$x.") || name.starts_with("$d.");
    if (symbol.isTemporary() || mapping || name.empty()) continue;
    const llvm::MCSection* section = section_of(symbol);
    u64 offset = 0;
    if (section == nullptr || start_.count(section) == 0 || !assembler.getSymbolOffset(symbol, offset))
      continue;
    image_.labels[name.str()] = base_ + start_[section] + offset;
  }
}

void Linker::resolve(const llvm::MCAssembler& assembler, const Pending& p) {
  if (start_.count(p.section) == 0) return;
  const auto* known = std::find_if(std::begin(kRelocations), std::end(kRelocations),
                                   [&](const Relocation& r) { return r.type == p.entry.Type; });
  if (known == std::end(kRelocations)) {
    report_(p.where, "this needs a linker (ELF relocation type " + std::to_string(p.entry.Type) + ")");
    return;
  }
  u64 value = p.entry.Addend;
  if (p.entry.Symbol != nullptr) {
    const llvm::MCSection* section = section_of(*p.entry.Symbol);
    u64 offset = 0;
    if (section == nullptr || !assembler.getSymbolOffset(*p.entry.Symbol, offset)) {
      report_(p.where, "undefined symbol '" + p.entry.Symbol->getName().str() + "'");
      return;
    }
    const auto start = start_.find(section);
    if (start == start_.end() && section->getName() != kAbsoluteSection) {
      report_(p.where, "symbol '" + p.entry.Symbol->getName().str() + "' is in a section that is not loaded");
      return;
    }
    value += offset + (start == start_.end() ? 0 : base_ + start->second);
  }
  const u64 at = start_[p.section] + p.entry.Offset;
  const u64 place = base_ + at;
  if (known->page) {
    value = align_down(value, 4096) - align_down(place, 4096);
  } else if (known->relative) {
    value -= place;
  }
  const bool low12 = known->field == Field::Imm12;
  if (!in_range(*known, value)) {
    report_(p.where, "target out of range: " + hex(value) + " does not fit in " +
                         std::to_string(known->width) + " bits");
    return;
  }
  if (known->field != Field::Mov && known->field != Field::MovSign && (value & ones(known->shift)) != 0) {
    report_(p.where, "target " + hex(value) + " is not a multiple of " + std::to_string(1u << known->shift));
    return;
  }
  const unsigned bytes = known->field == Field::Data ? known->width / 8 : 4;
  if (at + bytes > image_.bytes.size()) return;
  if (known->field == Field::Data) {
    std::memcpy(&image_.bytes[at], &value, bytes);
    return;
  }
  u32 word = 0;
  std::memcpy(&word, &image_.bytes[at], 4);
  const bool negative = static_cast<i64>(value) < 0;
  word = patch(word, known->field, (low12 ? value & 0xfff : value) >> known->shift, negative);
  std::memcpy(&image_.bytes[at], &word, 4);
}

uint64_t Linker::writeObject(llvm::MCAssembler& assembler) {
  if (assembler.getContext().hadError() || !place(assembler)) return 0;
  copy_contents(assembler);
  collect_labels(assembler);
  for (const Pending& p : pending_) resolve(assembler, p);
  return size_;
}

std::pair<u64, u64> Linker::range_of(const llvm::MCAssembler& assembler, const Mark& mark) const {
  const llvm::MCFragment* fragment = mark.fragment;
  if (fragment == nullptr) return {};
  const auto* open = llvm::dyn_cast<llvm::MCDataFragment>(fragment);
  u64 offset = mark.length;
  if (open == nullptr || open->getContents().size() <= mark.length) {
    fragment = fragment->getNext();
    offset = 0;
  }
  if (fragment == nullptr) return {};
  const auto start = start_.find(fragment->getParent());
  if (start == start_.end()) return {};
  const u64 address = base_ + start->second + assembler.getFragmentOffset(*fragment);
  return {address + offset, address + assembler.computeFragmentSize(*fragment)};
}

}  // namespace isobar::isa::mc
