// The kernel shim's structures as a reader sees them: run queues, threads, processes.
#pragma once

#include <optional>

#include "session/view.h"

namespace isobar::session {

/// What memory holds of the kernel of `w` in the state `s`; nullopt for a test without a kernel.
std::optional<KernelView> kernel_view(const Workload& w, const model::MachineState& s);

}  // namespace isobar::session
