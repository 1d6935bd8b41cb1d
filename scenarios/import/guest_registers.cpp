#include "scenarios/import/guest_registers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "support/diagnostic.h"

namespace isobar::scenarios {

namespace {

constexpr std::array<std::string_view, 8> kOldNames{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};

/// Position of the flags in EFLAGS (Intel SDM 1, 3.4.3).
constexpr std::array<std::pair<std::string_view, unsigned>, 6> kGuestFlags{
    {{"cf", 0}, {"pf", 2}, {"af", 4}, {"zf", 6}, {"sf", 7}, {"of", 11}}};

std::optional<unsigned> number_below(std::string_view digits, unsigned limit) {
  unsigned n = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  const bool padded = digits.size() > 1 && digits.front() == '0';
  if (error != std::errc{} || end != digits.data() + digits.size() || padded || n >= limit) return std::nullopt;
  return n;
}

GuestPart general(unsigned number, unsigned bits) {
  return {GuestPart::Kind::General, number, bits - 1, 0};
}

/// r8 to r15, r8d, r8w, r8b.
std::optional<GuestPart> numbered_register(std::string_view name) {
  if (name.size() < 2 || name.front() != 'r') return std::nullopt;
  const unsigned bits = name.back() == 'd' ? 32 : name.back() == 'w' ? 16 : name.back() == 'b' ? 8 : 64;
  const auto n = number_below(name.substr(1, name.size() - (bits == 64 ? 1 : 2)), 16);
  return n && *n >= 8 ? std::optional<GuestPart>(general(*n, bits)) : std::nullopt;
}

std::optional<GuestPart> named_register(std::string_view name) {
  for (unsigned i = 0; i < kOldNames.size(); ++i) {
    const std::string_view old = kOldNames[i];
    if (name == old) return general(i, 16);
    if (name.size() == 3 && name.substr(1) == old && (name[0] == 'r' || name[0] == 'e')) return general(i, name[0] == 'r' ? 64 : 32);
    if (i < 4 && name.size() == 2 && name[0] == old[0] && name[1] == 'l') return general(i, 8);
    if (i < 4 && name.size() == 2 && name[0] == old[0] && name[1] == 'h') return GuestPart{GuestPart::Kind::General, i, 15, 8};
    if (i >= 4 && name.size() == 3 && name.substr(0, 2) == old && name[2] == 'l') return general(i, 8);
  }
  return std::nullopt;
}

std::optional<GuestPart> vector_register(std::string_view name) {
  if (name.substr(0, 3) != "xmm") return std::nullopt;
  const std::size_t bracket = name.find('[');
  const auto n = number_below(name.substr(3, bracket == std::string_view::npos ? bracket : bracket - 3), 16);
  if (!n) return std::nullopt;
  if (bracket == std::string_view::npos) return GuestPart{GuestPart::Kind::Vector, *n, 127, 0};
  if (name.substr(bracket) == "[0]") return GuestPart{GuestPart::Kind::Vector, *n, 63, 0};
  if (name.substr(bracket) == "[1]") return GuestPart{GuestPart::Kind::Vector, *n, 127, 64};
  return std::nullopt;
}

}  // namespace

std::optional<GuestPart> find_guest_part(std::string_view name) {
  if (name == "eflags") return GuestPart{GuestPart::Kind::Flag, 0, 31, 0};
  for (const auto& [flag, bit] : kGuestFlags) {
    if (name == flag) return GuestPart{GuestPart::Kind::Flag, 0, bit, bit};
  }
  if (const auto found = vector_register(name)) return found;
  if (const auto found = numbered_register(name)) return found;
  return named_register(name);
}

std::vector<GuestStart> guest_starts(const GuestOptions& options, const std::vector<std::string>& threads, const std::string& thread) {
  const auto refuse = [](const std::string& message) { throw InputError(Diagnostic{{}, "--register: " + message}); };
  std::vector<GuestStart> starts;
  for (const GuestRegister& r : options.registers) {
    if (std::find(threads.begin(), threads.end(), r.thread) == threads.end()) refuse(fmt::format("no thread '{}'", r.thread));
    if (r.thread != thread) continue;
    const auto part = find_guest_part(r.name);
    if (!part) refuse(fmt::format("'{}' is no register of the guest; expected {}", r.name, kGuestRegisterNames));
    const bool vector = part->kind == GuestPart::Kind::Vector && part->low == 0 && part->high == 127;
    if (!part->starts_whole() && !vector)
      refuse(fmt::format("{} cannot start with a value; give one to the whole register, such as rax, eax or xmm0", r.name));
    if (vector ? is_name(r.value) : !is_name(r.value) && !fits_in(r.value, part->high + 1))
      refuse(fmt::format("{} does not start with {}; expected a number of at most {} bits", r.name, r.value, part->high + 1));
    starts.push_back({*part, r.value});
  }
  return starts;
}

std::string guest_register_name(unsigned number) {
  return number < kOldNames.size() ? fmt::format("r{}", kOldNames[number]) : fmt::format("r{}", number);
}

std::string part_of(const std::string& place, unsigned width, const GuestPart& part) {
  if (part.low == 0 && part.high == width - 1) return place;
  return fmt::format("bits({}, {}, {})", place, part.high, part.low);
}

}  // namespace isobar::scenarios
