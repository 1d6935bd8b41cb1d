#include "functional/memory.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "functional/lower.h"
#include "support/bits.h"

namespace isobar::functional {

namespace {

/// Bytes [0, size) in parts that are on one page each: `part(done, offset on the page, bytes)`, until it says no. The
/// number of bytes before that.
template <class Part>
u64 by_page(u64 address, u64 size, Part part) {
  u64 done = 0;
  while (done < size) {
    const u64 offset = (address + done) % kPageSize, bytes = std::min(size - done, kPageSize - offset);
    if (!part(done, offset, bytes)) break;
    done += bytes;
  }
  return done;
}

std::shared_ptr<Page> new_page(const std::shared_ptr<Pool>& pool) {
  if (pool->pages >= pool->limit) {
    pool->exhausted = true;
    return nullptr;
  }
  return std::make_shared<Page>(pool);
}

bool may_join(const Region& a, u64 size, const Region& b) {
  return a.permissions == b.permissions && a.object == b.object &&
         (a.object == nullptr || a.offset + size == b.offset);
}

}  // namespace

Page::Page(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {
  ++pool_->pages;
}

Page::Page(const Page& other) : bytes(other.bytes), tags(other.tags), pool_(other.pool_) {
  ++pool_->pages;
}

std::shared_ptr<Page> Object::page(u64 offset) {
  if (offset >= align_down(size_ + kPageSize - 1, kPageSize)) return nullptr;
  std::shared_ptr<Page>& slot = pages_[offset / kPageSize];
  if (slot == nullptr) slot = new_page(pool_);
  const std::shared_ptr<Page> found = slot;
  if (found == nullptr) pages_.erase(offset / kPageSize);
  return found;
}

Page* Object::existing(u64 offset) const {
  const auto it = pages_.find(offset / kPageSize);
  return it == pages_.end() ? nullptr : it->second.get();
}

void Object::resize(u64 size) {
  if (size < size_) {
    ++pool_->generation;
    const u64 first = align_down(size + kPageSize - 1, kPageSize) / kPageSize;
    std::erase_if(pages_, [&](const auto& p) { return p.first >= first; });
    if (Page* last = size % kPageSize != 0 ? existing(size) : nullptr)
      std::fill(last->bytes.begin() + static_cast<std::ptrdiff_t>(size % kPageSize), last->bytes.end(), u8{0});
  }
  size_ = size;
}

u64 Object::read(u64 offset, void* to, u64 size) {
  if (offset >= size_) return 0;
  return by_page(offset, std::min(size, size_ - offset), [&](u64 done, u64 at, u64 bytes) {
    const Page* p = existing(offset + done);
    u8* target = static_cast<u8*>(to) + done;
    if (p == nullptr)
      std::memset(target, 0, bytes);
    else
      std::memcpy(target, p->bytes.data() + at, bytes);
    return true;
  });
}

u64 Object::write(u64 offset, const void* from, u64 size) {
  if (offset >= size_) return 0;
  return by_page(offset, std::min(size, size_ - offset), [&](u64 done, u64 at, u64 bytes) {
    const std::shared_ptr<Page> p = page(offset + done);
    if (p == nullptr) return false;
    std::memcpy(p->bytes.data() + at, static_cast<const u8*>(from) + done, bytes);
    ++pool_->writes;
    return true;
  });
}

Memory::Memory(u64 page_limit, bool coherent_fetch, bool tagging)
    : Memory(std::make_shared<Pool>(), coherent_fetch, tagging) {
  pool_->limit = page_limit;
}

Memory::Memory(std::shared_ptr<Pool> pool, bool coherent_fetch, bool tagging)
    : pool_(std::move(pool)), coherent_fetch_(coherent_fetch), tagging_(tagging) {}

const Region* Memory::find(u64 address) const {
  auto it = regions_.upper_bound(address);
  if (it == regions_.begin()) return nullptr;
  --it;
  return address < it->second.end ? &it->second : nullptr;
}

bool Memory::covered(u64 begin, u64 end) const {
  while (begin < end) {
    const Region* r = find(begin);
    if (r == nullptr) return false;
    begin = r->end;
  }
  return true;
}

bool Memory::overlaps(u64 begin, u64 end) const {
  if (find(begin) != nullptr) return true;
  const auto it = regions_.lower_bound(begin);
  return it != regions_.end() && it->first < end;
}

/// Makes `address` the boundary of two regions if it is inside one.
void Memory::split(u64 address) {
  auto it = regions_.upper_bound(address);
  if (it == regions_.begin()) return;
  --it;
  if (it->first == address || address >= it->second.end) return;
  Region upper = it->second;
  upper.offset += address - it->first;
  it->second.end = address;
  regions_[address] = std::move(upper);
}

/// Joins neighbours that differ in nothing around [begin, end].
void Memory::merge(u64 begin, u64 end) {
  auto it = regions_.upper_bound(begin);
  if (it != regions_.begin()) --it;
  if (it != regions_.begin()) --it;
  while (it != regions_.end() && it->first <= end) {
    const auto next = std::next(it);
    if (next != regions_.end() && it->second.end == next->first &&
        may_join(it->second, it->second.end - it->first, next->second)) {
      it->second.end = next->second.end;
      regions_.erase(next);
    } else {
      it = next;
    }
  }
}

void Memory::drop_pages(u64 begin, u64 end) {
  ++pool_->generation;
  if ((end - begin) / kPageSize > pages_.size()) {
    std::erase_if(pages_, [&](const auto& p) { return p.first >= begin / kPageSize && p.first < end / kPageSize; });
    return;
  }
  for (u64 a = begin; a < end; a += kPageSize) pages_.erase(a / kPageSize);
}

void Memory::unmap(u64 begin, u64 end) {
  split(begin);
  split(end);
  regions_.erase(regions_.lower_bound(begin), regions_.lower_bound(end));
  drop_pages(begin, end);
}

void Memory::map(u64 begin, u64 end, u8 permissions, std::shared_ptr<Object> object, u64 offset) {
  unmap(begin, end);
  if (begin == end) return;
  regions_[begin] = {end, permissions, std::move(object), offset};
  merge(begin, end);
}

void Memory::copy_from(const Object& object, u64 offset, u64 begin, u64 end) {
  ++pool_->generation;
  const u64 first = offset / kPageSize, count = (end - begin) / kPageSize;
  for (const auto& [number, page] : object.pages()) {
    if (number >= first && number - first < count) pages_[begin / kPageSize + (number - first)] = page;
  }
}

void Memory::protect(u64 begin, u64 end, u8 permissions) {
  split(begin);
  split(end);
  for (auto it = regions_.lower_bound(begin); it != regions_.end() && it->first < end; ++it)
    it->second.permissions = static_cast<u8>(permissions | (it->second.permissions & kTagged));
  if ((permissions & kWrite) != 0) {
    const bool few = (end - begin) / kPageSize <= pages_.size();
    for (u64 a = begin; few && a < end; a += kPageSize) {
      if (const auto it = pages_.find(a / kPageSize); it != pages_.end()) own_code(it->second);
    }
    for (auto it = few ? pages_.end() : pages_.begin(); it != pages_.end(); ++it) {
      if (it->first >= begin / kPageSize && it->first < end / kPageSize) own_code(it->second);
    }
  }
  merge(begin, end);
  ++pool_->generation;
}

void Memory::discard(u64 begin, u64 end) {
  drop_pages(begin, end);
}

void Memory::move(u64 from, u64 to, u64 size) {
  ++pool_->generation;
  for (u64 offset = 0; offset < size; offset += kPageSize) {
    auto node = pages_.extract((from + offset) / kPageSize);
    if (node.empty()) continue;
    node.key() = (to + offset) / kPageSize;
    std::erase_if(node.mapped()->code, [&](const auto& c) { return c->address == from + offset; });
    pages_.erase(node.key());
    pages_.insert(std::move(node));
  }
}

/// A core that runs on a page must not lose it to a copy: pages that are both executed and written have one owner.
void Memory::own_code(std::shared_ptr<Page>& page) {
  if (page.use_count() == 1 || page->code.empty()) return;
  page = std::make_shared<Page>(*page);
  ++pool_->generation;
}

std::shared_ptr<Memory> Memory::fork() {
  auto copy = std::make_shared<Memory>(pool_, coherent_fetch_, tagging_);
  copy->regions_ = regions_;
  copy->pages_ = pages_;
  for (auto& [number, page] : copy->pages_) {
    const Region* region = find(number * kPageSize);
    if (region != nullptr && (region->permissions & kWrite) != 0) copy->own_code(page);
  }
  ++pool_->generation;
  return copy;
}

/// The page of an address if all of `needed` is allowed there; nobody else has it if `own`.
Page* Memory::locate(u64 address, u8 needed, bool own) {
  const Region* region = find(address);
  if (region == nullptr) return nullptr;
  const u8 allowed = (region->permissions & kWrite) != 0 ? region->permissions | kRead : region->permissions;
  if ((allowed & needed) != needed) return nullptr;
  if (region->object != nullptr) return region->object->page(object_offset(address)).get();
  std::shared_ptr<Page>& slot = pages_[address / kPageSize];
  if (slot == nullptr) {
    slot = new_page(pool_);
    if (slot == nullptr) {
      pages_.erase(address / kPageSize);
      return nullptr;
    }
  } else if (own && slot.use_count() > 1) {
    if (pool_->pages >= pool_->limit) {
      pool_->exhausted = true;
      return nullptr;
    }
    slot = std::make_shared<Page>(*slot);
    ++pool_->generation;
  }
  return slot.get();
}

Page* Memory::page(u64 address, u8 needed) {
  return locate(address, needed, (needed & kWrite) != 0);
}

Page* Memory::existing(u64 address) const {
  const Region* region = find(address);
  if (region != nullptr && region->object != nullptr)
    return region->object->existing(object_offset(address));
  const auto it = pages_.find(address / kPageSize);
  return it == pages_.end() ? nullptr : it->second.get();
}

u64 Memory::object_offset(u64 address) const {
  const auto region = std::prev(regions_.upper_bound(address));
  return region->second.offset + (address - region->first);
}

bool Memory::beyond_object(u64 address) const {
  const Region* region = find(address);
  if (region == nullptr || region->object == nullptr) return false;
  return object_offset(address) >= align_down(region->object->size() + kPageSize - 1, kPageSize);
}

u64 Memory::read(u64 address, void* to, u64 size, u8 needed) {
  return by_page(address, size, [&](u64 done, u64 offset, u64 bytes) {
    const Page* p = page(address + done, needed);
    if (p == nullptr) return false;
    std::memcpy(static_cast<u8*>(to) + done, p->bytes.data() + offset, bytes);
    return true;
  });
}

u64 Memory::write(u64 address, const void* from, u64 size, u8 needed) {
  return by_page(address, size, [&](u64 done, u64 offset, u64 bytes) {
    const u64 at = address + done;
    Page* p = locate(at, needed, true);
    if (p == nullptr) return false;
    std::memcpy(p->bytes.data() + offset, static_cast<const u8*>(from) + done, bytes);
    ++pool_->writes;
    if (is_watched(*p)) {
      for (u64 line = align_down(at, kLineSize); line < at + bytes; line += kLineSize) invalidate_line(line);
    }
    return true;
  });
}

bool Memory::is_tagged(u64 address) const {
  const Region* r = tagging_ ? find(address) : nullptr;
  return r != nullptr && (r->permissions & kTagged) != 0;
}

u8 Memory::tag(u64 address) {
  const Page* p = is_tagged(address) ? page(address, 0) : nullptr;
  return p == nullptr ? u8{0} : p->tags[address % kPageSize / kGranule];
}

void Memory::set_tag(u64 address, u8 tag) {
  if (Page* p = is_tagged(address) ? locate(address, 0, true) : nullptr) p->tags[address % kPageSize / kGranule] = tag;
}

CodePage* Memory::code(u64 address) {
  const Region* region = find(address);
  Page* p = region == nullptr ? nullptr : locate(address, kExecute, (region->permissions & kWrite) != 0);
  if (p == nullptr) return nullptr;
  const u64 begin = align_down(address, kPageSize);
  const auto known = std::find_if(p->code.begin(), p->code.end(), [&](const auto& c) { return c->address == begin; });
  if (known != p->code.end()) return known->get();
  // Stores to this page must no longer go past is_watched().
  if (coherent_fetch_ && p->code.empty()) ++pool_->generation;
  CodePage& made = *p->code.emplace_back(std::make_unique<CodePage>());
  made.address = begin;
  for (Record& r : made.records) r.execute = fetch_line;
  made.records.back().execute = continue_on_next_page;
  return &made;
}

void Memory::forget_code() {
  ++pool_->generation;
  for (const auto& [number, page] : pages_) page->code.clear();
  for (const auto& [begin, region] : regions_) {
    for (u64 at = begin; region.object != nullptr && at < region.end; at += kPageSize)
      if (Page* p = existing(at)) p->code.clear();
  }
}

void Memory::invalidate_line(u64 address) {
  Page* p = existing(address);
  if (p == nullptr) return;
  const u64 first = align_down(address % kPageSize, kLineSize) / 4;
  for (const auto& code : p->code) {
    for (u64 i = first; i < first + kLineSize / 4; ++i) code->records[i].execute = fetch_line;
  }
}

}  // namespace isobar::functional
