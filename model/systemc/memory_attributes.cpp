#include "model/systemc/memory_attributes.h"

namespace isobar::systemc {

tlm::tlm_extension_base* MemoryAttributes::clone() const {
  return new MemoryAttributes(*this);
}

void MemoryAttributes::copy_from(const tlm::tlm_extension_base& other) {
  *this = static_cast<const MemoryAttributes&>(other);
}

}  // namespace isobar::systemc
