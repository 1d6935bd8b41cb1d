// Names of x86-64 registers and their parts. Must not know: translators, scenarios.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/import/guest.h"
#include "support/types.h"

namespace isobar::scenarios {

/// What a name such as `eax`, `ah`, `xmm3` or `zf` means.
struct GuestPart {
  enum class Kind : u8 { General, Vector, Flag };  ///< Flag: bits of EFLAGS
  Kind kind = Kind::General;
  unsigned number = 0;  ///< General: RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 ...; Vector: of the XMM register
  unsigned high = 63, low = 0;
  /// A general register as a whole, or its lower half, whose writes clear the upper one.
  bool starts_whole() const { return kind == Kind::General && low == 0 && high >= 31; }
};

/// nullopt if `name` is no register of x86-64 that is known here. `[0]` and `[1]` behind an XMM register are its halves.
std::optional<GuestPart> find_guest_part(std::string_view name);

/// "rax" for 0.
std::string guest_register_name(unsigned number);

/// `place`, which is `width` bits wide, or `bits(place, HIGH, LOW)` if the part is less.
std::string part_of(const std::string& place, unsigned width, const GuestPart& part);

/// What a register starts with.
struct GuestStart {
  GuestPart part;
  std::string value;  ///< a number that fits, or a variable
};

/// What the options say about the registers of `thread`. Throws InputError: no such thread or register, a register that
/// does not start as a whole, a number that does not fit.
std::vector<GuestStart> guest_starts(const GuestOptions& options, const std::vector<std::string>& threads, const std::string& thread);

/// What a message may say is expected.
inline constexpr const char* kGuestRegisterNames =
    "rax to r15, their parts such as eax, ax, al and ah, xmm0 to xmm15 with [0] or [1] for a half, "
    "eflags and the flags cf, pf, af, zf, sf and of";

}  // namespace isobar::scenarios
