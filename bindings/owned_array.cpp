// SPDX-License-Identifier: MIT
// Results for arrays that are neither NumPy's nor torch's, and the names of DLPack's interface.
#include "owned_array.hpp"

#include <aha/core/error.hpp>
#include <new>

#include "bind.hpp"

namespace aha_python {
namespace dlpack {

namespace {

/// Our dtypes as DLPack writes them: the one table for reading and writing.
struct named_code {
  dtype type;
  data_type code;
};
constexpr named_code codes[] = {{dtype::boolean, {6, 8, 1}}, {dtype::u8, {1, 8, 1}},   {dtype::i32, {0, 32, 1}},
                                {dtype::i64, {0, 64, 1}},    {dtype::f32, {2, 32, 1}}, {dtype::f64, {2, 64, 1}},
                                {dtype::bf16, {4, 16, 1}},   {dtype::f16, {2, 16, 1}}};

/// One exported tensor: its shape and what keeps the memory, freed by the consumer.
template <class Managed>
struct export_record {
  Managed managed{};
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> stride;
  owned_memory memory;
};

template <class Managed>
py::object make_capsule(export_record<Managed>* record, dtype type, char const* name) {
  Managed& m = record->managed;
  m.dl_tensor = {record->memory.data.get(),
                 record->memory.on,
                 static_cast<std::int32_t>(record->shape.size()),
                 code_of(type),
                 record->shape.data(),
                 record->stride.data(),
                 0};
  m.manager_ctx = record;
  m.deleter = [](Managed* self) { delete static_cast<export_record<Managed>*>(self->manager_ctx); };
  // Whoever takes the memory over renames the capsule; under its old name it still has to give the memory back.
  PyObject* const capsule = PyCapsule_New(&m, name, [](PyObject* self) {
    char const* const now = PyCapsule_GetName(self);
    if (now == nullptr || std::string_view(now).rfind("used_", 0) == 0) return;
    auto* const unused = static_cast<Managed*>(PyCapsule_GetPointer(self, now));
    unused->deleter(unused);
  });
  if (capsule == nullptr) {
    delete record;
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::object>(capsule);
}

}  // namespace

dtype dtype_of(data_type const& code) {
  for (named_code const& c : codes) {
    if (c.code.code == code.code && c.code.bits == code.bits && code.lanes == 1) return c.type;
  }
  return dtype::other;
}

data_type code_of(dtype type) {
  for (named_code const& c : codes) {
    if (c.type == type) return c.code;
  }
  return {};
}

}  // namespace dlpack

std::int64_t bytes_of(dtype type) {
  std::int64_t const bits = dlpack::code_of(type).bits;
  return bits == 0 ? 1 : bits / 8;
}

owned_memory host_memory(std::int64_t bytes) {
  constexpr std::align_val_t alignment{64};
  void* const p = ::operator new(static_cast<std::size_t>(bytes), alignment);
  return {{dlpack::host_device, 0},
          std::shared_ptr<void>(p, [](void* q) { ::operator delete (q, std::align_val_t{64}); })};
}

owned_array::owned_array(py::object from_dlpack, dtype type, std::int64_t const* shape, int rank,
                         owned_memory (*allocate)(std::int64_t bytes))
    : from_dlpack_(std::move(from_dlpack)), type_(type), shape_(shape, shape + rank), stride_(shape_.size()) {
  std::int64_t entries = 1;
  for (std::size_t i = shape_.size(); i-- > 0;) {
    stride_[i] = entries;
    entries *= shape_[i];
  }
  memory_ = allocate(entries * bytes_of(type));
}

array_view owned_array::view() const {
  array_view a;
  a.data = memory_.data.get();
  a.type = type_;
  a.from = origin::dlpack;
  a.rank = static_cast<int>(shape_.size());
  for (std::size_t i = 0; i < shape_.size(); ++i) {
    a.shape[i] = shape_[i];
    a.stride[i] = stride_[i];
  }
  return a;
}

py::object owned_array::capsule(py::object const& max_version) const {
  bool const versioned =
      !max_version.is_none() && py::tuple(max_version)[0].cast<std::uint32_t>() >= dlpack::major_version;
  if (versioned) {
    auto* const record = new dlpack::export_record<dlpack::managed_tensor_versioned>{{}, shape_, stride_, memory_};
    record->managed.version_major = dlpack::major_version;
    record->managed.version_minor = dlpack::minor_version;
    return dlpack::make_capsule(record, type_, dlpack::versioned_name);
  }
  return dlpack::make_capsule(new dlpack::export_record<dlpack::managed_tensor>{{}, shape_, stride_, memory_}, type_,
                              dlpack::legacy_name);
}

namespace {
PyTypeObject* owned_type = nullptr;  // once it is bound; it lives as long as the process
}  // namespace

owned_array const* as_owned(py::handle object) {
  return Py_TYPE(object.ptr()) == owned_type ? &object.cast<owned_array const&>() : nullptr;
}

void bind_owned_array(py::module_& m) {
  py::class_<owned_array> type(m, "_owned_array", py::module_local(),
                               "Memory of a result on its way to the array library that asked for it.");
  owned_type = reinterpret_cast<PyTypeObject*>(type.inc_ref().ptr());
  type.def(
          "__dlpack__",
          [](owned_array const& a, py::object const&, py::object const& max_version, py::object const&,
             py::object const&) { return a.capsule(max_version); },
          py::kw_only(), py::arg("stream") = py::none(), py::arg("max_version") = py::none(),
          py::arg("dl_device") = py::none(), py::arg("copy") = py::none(),
          "__dlpack__($self, *, stream=None, max_version=None, dl_device=None, copy=None)\n--\n\nThe memory, as a "
          "capsule.")
      .def(
          "__dlpack_device__",
          [](owned_array const& a) { return py::make_tuple(a.on().device_type, a.on().device_id); },
          "__dlpack_device__($self)\n--\n\nWhere the memory is.");
}

}  // namespace aha_python
