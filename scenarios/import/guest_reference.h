// What x86-TSO allows for a litmus test, as a question to imported code that is to do the same.
#pragma once

#include <string>
#include <string_view>

#include "scenarios/import/guest.h"

namespace isobar::scenarios {

/// Always one of the final states of the X86_64 litmus test `text`. Thread n of the test is the n-th thread of the scenario;
/// its locations are variables of the same names. Throws InputError: no such test, a state of other things than general
/// registers and locations.
GuestQuestion x86_reference(std::string_view text, const std::string& file);

}  // namespace isobar::scenarios
