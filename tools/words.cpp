// Weaker and stronger forms of single instructions, by their encodings (Arm ARM C4.1, "Loads and stores",
// "Barriers").
#include <algorithm>
#include <string_view>

#include "isa/decoder.h"
#include "tools/variation.h"

namespace isobar::tools {

namespace {

constexpr u32 kNopWord = 0xd503201f;
constexpr u32 kRegisterFields = 0x3ff;       ///< Rn and Rt
constexpr u32 kSize = 0xc0000000;       ///< access size of loads and stores
constexpr u32 kOrdered = u32{1} << 15;  ///< o0 of exclusives (acquire or release); release of CAS
constexpr u32 kCasAcquire = u32{1} << 22;
constexpr u32 kLseAcquire = u32{1} << 23, kLseRelease = u32{1} << 22;
constexpr u32 kLoad = 0x39400000, kStore = 0x39000000;  ///< unsigned offset 0
constexpr u32 kLdarForm = 0x08dffc00, kLdaprForm = 0x38bfc000, kStlrForm = 0x089ffc00;
constexpr u32 kUnscaled = 0x38000000, kUnscaledOrdered = 0x19000000;

std::string_view encoding(u32 word) {
  return isa::encodings()[isa::decode_cached(word).encoding].name;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_atomic_operation(std::string_view name) {
  return is_one_of(name, {"LDADD", "LDCLR", "LDEOR", "LDSET", "LDSMAX", "LDSMIN", "LDUMAX", "LDUMIN", "SWP"});
}

u32 with_form(u32 word, u32 form) {
  return (word & (kSize | kRegisterFields)) | form;
}

/// The word without each non-empty choice of the two bits that are set in it.
void without_bits(u32 word, u32 a, u32 b, std::vector<u32>& out) {
  if ((word & a) != 0) out.push_back(word & ~a);
  if ((word & b) != 0) out.push_back(word & ~b);
  if ((word & a) != 0 && (word & b) != 0) out.push_back(word & ~(a | b));
}

/// The low bits of CRm choose what a barrier waits for: 1 loads, 2 stores, 3 both.
void weaker_barriers(u32 word, std::vector<u32>& out) {
  constexpr u32 kTypes = 3u << 8;
  if ((word & kTypes) == kTypes || (word & kTypes) == 0) {
    out.push_back((word & ~kTypes) | 1u << 8);
    out.push_back((word & ~kTypes) | 2u << 8);
  }
  out.push_back(kNopWord);
}

/// LDP for LDIAPP, STP for STILP: the second register moves from bits 20:16 to 14:10, and the offset is explicit.
u32 plain_pair(u32 word) {
  constexpr u32 kOffset = 0x29000000, kPost = 0x28800000, kPre = 0x29800000;
  const bool load = (word >> 22 & 1) != 0, write_back = (word >> 12 & 1) == 0;
  const u32 form = !write_back ? kOffset : load ? kPost | 2u << 15 : kPre | 0x7eu << 15;
  return form | (word >> 30 & 1) << 31 | (word & 1u << 22) | (word >> 16 & 31) << 10 | (word & 0x3ff);
}

}  // namespace

std::vector<u32> weaker_words(u32 word) {
  std::vector<u32> out;
  const std::string_view name = encoding(word);
  if (!isa::is_defined(word)) return out;
  if (is_one_of(name, {"DMB", "DSB"})) weaker_barriers(word, out);
  if (is_one_of(name, {"ISB", "DSB_nXS", "SB"})) out.push_back(kNopWord);
  if (is_one_of(name, {"LDAR", "LDLAR"})) out = {with_form(word, kLdaprForm), with_form(word, kLoad)};
  if (name == "LDAPR") out.push_back(with_form(word, kLoad));
  if (is_one_of(name, {"STLR", "STLLR"})) out.push_back(with_form(word, kStore));
  if (is_one_of(name, {"STLUR", "LDAPUR", "LDAPURSB", "LDAPURSH", "LDAPURSW"}))
    out.push_back((word & ~0x3f000000u) | kUnscaled);
  if (is_one_of(name, {"LDAPUR_fp", "LDAPUR_q", "STLUR_fp", "STLUR_q"}))
    out.push_back((word & ~0x3f000c00u) | 0x3c000000u);
  if (is_one_of(name, {"LDAP1", "STL1"})) out.push_back(word & ~(1u << 16));
  if (is_one_of(name, {"LDIAPP", "LDIAPP_post", "STILP", "STILP_pre"})) out.push_back(plain_pair(word));
  if (is_one_of(name, {"LDAXR", "STLXR", "LDAXP", "STLXP"})) out.push_back(word & ~kOrdered);
  if (is_one_of(name, {"CAS", "CASP"})) without_bits(word, kCasAcquire, kOrdered, out);
  if (is_atomic_operation(name)) without_bits(word, kLseAcquire, kLseRelease, out);
  std::erase_if(out, [](u32 w) { return !isa::is_defined(w); });
  return out;
}

std::vector<Stronger> stronger_words(u32 word) {
  using Kind = Stronger::Kind;
  std::vector<Stronger> out;
  if (!isa::is_defined(word)) return out;
  const std::string_view name = encoding(word);
  const u32 offset = word >> 10 & 0xfff;
  const u32 bytes = u32{1} << (word >> 30);
  const bool load = is_one_of(name, {"LDR_imm_unsigned", "LDRB_imm_unsigned", "LDRH_imm_unsigned"});
  const bool store = is_one_of(name, {"STR_imm_unsigned", "STRB_imm_unsigned", "STRH_imm_unsigned"});
  const u32 unscaled = with_form(word, kUnscaledOrdered) | (offset * bytes & 0x1ff) << 12;
  const bool near = offset * bytes < 256;
  if (load && offset == 0)
    out = {{Kind::AcquirePc, with_form(word, kLdaprForm)}, {Kind::Acquire, with_form(word, kLdarForm)}};
  if (load && offset != 0 && near) out.push_back({Kind::AcquirePc, unscaled | 1u << 22});
  if (store && offset == 0) out.push_back({Kind::Release, with_form(word, kStlrForm)});
  if (store && offset != 0 && near) out.push_back({Kind::Release, unscaled});
  if (is_one_of(name, {"LDUR", "LDURB", "LDURH"}))
    out.push_back({Kind::AcquirePc, (word & ~0x3f000000u) | kUnscaledOrdered});
  if (is_one_of(name, {"STUR", "STURB", "STURH"}))
    out.push_back({Kind::Release, (word & ~0x3f000000u) | kUnscaledOrdered});
  if (name == "LDAPR") out.push_back({Kind::Acquire, with_form(word, kLdarForm)});
  if (is_one_of(name, {"LDXR", "LDXP"})) out.push_back({Kind::Acquire, word | kOrdered});
  if (is_one_of(name, {"STXR", "STXP"})) out.push_back({Kind::Release, word | kOrdered});
  const bool atomic = is_atomic_operation(name), cas = is_one_of(name, {"CAS", "CASP"});
  const u32 acquire = atomic ? kLseAcquire : kCasAcquire, release = atomic ? kLseRelease : kOrdered;
  if ((atomic || cas) && (word & acquire) == 0) out.push_back({Kind::Acquire, word | acquire});
  if ((atomic || cas) && (word & release) == 0) out.push_back({Kind::Release, word | release});
  std::erase_if(out, [](const Stronger& s) { return !isa::is_defined(s.word); });
  return out;
}

}  // namespace isobar::tools
