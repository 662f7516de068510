// SPDX-License-Identifier: MIT
// Where arrays come from: NumPy, torch, and whatever speaks DLPack.
#include <pybind11/numpy.h>

#include <aha/core/error.hpp>
#include <algorithm>
#include <vector>

#include "array_place.hpp"
#include "dlpack_cast.hpp"
#include "owned_array.hpp"

namespace aha_python {
namespace {

/// What a class of arrays shows as `__dlpack_c_exchange_api__`, for the lifetime of the process: its functions, here
/// as far as they are used. Order and sizes are the interface.
struct exchange_api {
  std::uint32_t version_major;
  std::uint32_t version_minor;
  exchange_api const* older;
  void* unused[3];                                    // an allocator, and both directions of an owning exchange
  int (*look_at)(void* object, dlpack::tensor* out);  // -1: with a Python exception
};
constexpr char const* exchange_name = "dlpack_exchange_api";

/// torch, if the program has imported it. References are kept for the life of the process.
/// Torch tensors do not go through `__dlpack__`: asking for it and for `__dlpack_device__` takes ten times as long as
/// reading pointer, shape, strides and dtype (12 us against 1.2, torch 2.13 on a loaded 2-core Xeon guest).
struct torch_names {
  PyObject* tensor = nullptr;
  PyObject* parameter = nullptr;
  PyObject* dispatch = nullptr;  // Tensor.__torch_dispatch__ of a class that has not overridden it
  PyObject* empty = nullptr;
  PyObject* new_keywords = nullptr;
  PyObject* empty_like = nullptr;
  PyObject* scalar_tensor = nullptr;
  PyObject* host = nullptr;  // torch.device("cpu")
  PyObject* strided = nullptr;
  PyObject* increment_version = nullptr;
  int (*look_at)(void* object, dlpack::tensor* out) = nullptr;  // null where torch has none
  struct {
    PyObject* object;
    dtype type;
  } dtypes[8] = {};
  // Of tensors of torch's own class, which have these as torch.Tensor has them: a call to what it shows does not look
  // for them anew.
  PyObject* data_ptr_of = nullptr;
  PyObject* is_neg_of = nullptr;
  PyObject* requires_grad_of = nullptr;

  PyObject* data_ptr = PyUnicode_InternFromString("data_ptr");
  PyObject* stride = PyUnicode_InternFromString("stride");
  PyObject* shape = PyUnicode_InternFromString("shape");
  PyObject* type = PyUnicode_InternFromString("dtype");
  PyObject* requires_grad = PyUnicode_InternFromString("requires_grad");
  PyObject* is_neg = PyUnicode_InternFromString("is_neg");
  PyObject* layout = PyUnicode_InternFromString("layout");
  PyObject* device = PyUnicode_InternFromString("device");
};

torch_names const* torch_if_imported() {
  static torch_names names;
  if (names.tensor != nullptr) return &names;
  PyObject* const module = PyDict_GetItemString(PyImport_GetModuleDict(), "torch");
  // A module that is still being imported has no tensors to hand us yet.
  if (module == nullptr || !py::hasattr(module, "bfloat16") || !py::hasattr(module, "nn")) return nullptr;
  py::module_ const torch = py::reinterpret_borrow<py::module_>(module);
  std::size_t i = 0;
  for (auto const& [name, type] : {std::pair<char const*, dtype>{"float32", dtype::f32},
                                   {"float64", dtype::f64},
                                   {"bfloat16", dtype::bf16},
                                   {"float16", dtype::f16},
                                   {"int64", dtype::i64},
                                   {"int32", dtype::i32},
                                   {"bool", dtype::boolean},
                                   {"uint8", dtype::u8}}) {
    names.dtypes[i].object = py::object(torch.attr(name)).release().ptr();
    names.dtypes[i++].type = type;
  }
  names.empty = py::object(torch.attr("empty")).release().ptr();
  names.new_keywords = py::make_tuple("dtype", "device").release().ptr();
  names.empty_like = py::object(torch.attr("empty_like")).release().ptr();
  names.scalar_tensor = py::object(torch.attr("scalar_tensor")).release().ptr();
  names.host = py::object(torch.attr("device")("cpu")).release().ptr();
  names.data_ptr_of = py::object(torch.attr("Tensor").attr("data_ptr")).release().ptr();
  names.is_neg_of = py::object(torch.attr("Tensor").attr("is_neg")).release().ptr();
  names.requires_grad_of = py::object(torch.attr("Tensor").attr("requires_grad")).release().ptr();
  names.strided = py::object(torch.attr("strided")).release().ptr();
  names.increment_version =
      py::object(py::module_::import("torch.autograd.graph").attr("increment_version")).release().ptr();
  py::object const exchange = py::getattr(torch.attr("Tensor"), "__dlpack_c_exchange_api__", py::none());
  if (PyCapsule_IsValid(exchange.ptr(), exchange_name) != 0) {
    auto const* const api = static_cast<exchange_api const*>(PyCapsule_GetPointer(exchange.ptr(), exchange_name));
    if (api->version_major == dlpack::major_version) names.look_at = api->look_at;
  }
  names.parameter = py::object(torch.attr("nn").attr("Parameter")).release().ptr();
  names.dispatch = py::object(torch.attr("Tensor").attr("__torch_dispatch__")).release().ptr();
  names.tensor = py::object(torch.attr("Tensor")).release().ptr();
  return &names;
}

py::object attribute(PyObject* object, PyObject* name) {
  PyObject* const value = PyObject_GetAttr(object, name);
  if (value == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(value);
}
py::object call(PyObject* object, PyObject* method) {
  PyObject* const value = PyObject_CallMethodNoArgs(object, method);
  if (value == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(value);
}

/// A method of a class, called for its object.
py::object call_for(PyObject* method, PyObject* object) {
  PyObject* const value = PyObject_CallOneArg(method, object);
  if (value == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(value);
}
/// An attribute that a class computes, for its object.
py::object attribute_for(PyObject* descriptor, PyObject* object) {
  descrgetfunc const get = Py_TYPE(descriptor)->tp_descr_get;
  PyObject* const value = get(descriptor, object, reinterpret_cast<PyObject*>(Py_TYPE(object)));
  if (value == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(value);
}

void set_rank(array_view& a, std::int64_t rank, argument where) {
  if (rank > array_view::max_rank)
    wrong_value(where, aha::text("at most ", array_view::max_rank, " dimensions"), aha::text(rank));
  a.rank = static_cast<int>(rank);
}

void refuse_gradient(argument where) {
  wrong_value(where, "a tensor that does not require grad (pass .detach())", "one with requires_grad=True");
}

/// What torch says of a tensor in one call: half of what looking at an array costs by its attributes. False where it
/// cannot, as of a tensor that is not strided, or where there is something to refuse, which the attributes have the
/// words for.
bool look_at(dlpack::tensor& t, PyObject* tensor, torch_names const& names) {
  if (names.look_at == nullptr) return false;
  if (names.look_at(tensor, &t) != 0) {
    PyErr_Clear();
    return false;
  }
  return array_place::is_here(t.device.device_type, t.device.device_id) && dlpack::dtype_of(t.dtype) != dtype::other &&
         t.strides != nullptr;
}

/// Refuses a tensor whose memory does not hold its values as they are.
void refuse_neg(bool is_neg, argument where) {
  if (is_neg) {
    wrong_value(where, "a tensor whose memory holds its values (call .resolve_neg())", "one with the negative bit set");
  }
}

void fill_from_attributes(array_view& a, PyObject* x, torch_names const& names, argument where, bool active) {
  array_place::require_torch(x, where);
  if (!active && attribute(x, names.requires_grad).ptr() == Py_True) refuse_gradient(where);
  py::object const layout = attribute(x, names.layout);
  if (layout.ptr() != names.strided) wrong_type(where, "a dense tensor", std::string(py::str(layout)));
  py::object const type = attribute(x, names.type);
  for (auto const& known : names.dtypes) {
    if (type.ptr() == known.object) a.type = known.type;
  }
  if (a.type == dtype::other) {
    a.type_name = py::str(type);
    a.type_name.erase(0, a.type_name.rfind('.') + 1);
  }
  refuse_neg(call(x, names.is_neg).ptr() == Py_True, where);
  py::object const shape = attribute(x, names.shape);
  py::object const stride = call(x, names.stride);
  set_rank(a, PyTuple_GET_SIZE(shape.ptr()), where);
  for (int i = 0; i < a.rank; ++i) {
    a.shape[static_cast<std::size_t>(i)] = PyLong_AsLongLong(PyTuple_GET_ITEM(shape.ptr(), i));
    a.stride[static_cast<std::size_t>(i)] = PyLong_AsLongLong(PyTuple_GET_ITEM(stride.ptr(), i));
  }
  a.data = PyLong_AsVoidPtr(call(x, names.data_ptr).ptr());
  if (PyErr_Occurred() != nullptr) throw py::error_already_set();
}

/// Whether it is of torch's own class, without anything that a subclass may have changed.
bool is_plain(PyObject* tensor, torch_names const& names) {
  PyObject* const type = reinterpret_cast<PyObject*>(Py_TYPE(tensor));
  return type == names.tensor || type == names.parameter;
}

void fill_from_torch(array_view& a, py::handle object, torch_names const& names, argument where, bool active) {
  PyObject* const x = object.ptr();
  bool const plain = is_plain(x, names);
  if (!plain) {
    // DTensor, fake and functional tensors wrap others: a pointer read from them would be empty or stale.
    py::object const dispatch = py::type::handle_of(object).attr("__torch_dispatch__");
    if (dispatch.ptr() != names.dispatch) {
      wrong_type(where, "a plain torch.Tensor (of a DTensor: to_local())", kind_of_object(object));
    }
  }
  dlpack::tensor seen{};
  if (plain && look_at(seen, x, names)) {
    if (!active && attribute_for(names.requires_grad_of, x).ptr() == Py_True) refuse_gradient(where);
    refuse_neg(call_for(names.is_neg_of, x).ptr() == Py_True, where);
    a.type = dlpack::dtype_of(seen.dtype);
    set_rank(a, seen.ndim, where);
    std::copy_n(seen.shape, a.rank, a.shape.begin());
    std::copy_n(seen.strides, a.rank, a.stride.begin());
    a.data = static_cast<char*>(seen.data) + seen.byte_offset;
  } else {
    fill_from_attributes(a, x, names, where, active);
  }
  a.from = origin::torch;
  a.owner = py::reinterpret_borrow<py::object>(object);
}

void fill_from_numpy(array_view& a, py::handle object, argument where) {
  array_place::require_numpy(where);
  py::array const x = py::reinterpret_borrow<py::array>(object);
  py::dtype const type = x.dtype();
  std::int64_t const bytes = type.itemsize();
  char const order = type.byteorder();
  if (order != '=' && order != '|') wrong_type(where, "native byte order", std::string("byte order ") + order);
  if (kind_of_object(object) == "a MaskedArray")
    wrong_type(where, "a plain array (pass its mask as mask=)", "a MaskedArray");
  switch (type.kind()) {
    case 'b': a.type = dtype::boolean; break;
    case 'u': a.type = bytes == 1 ? dtype::u8 : dtype::other; break;
    case 'i': a.type = bytes == 8 ? dtype::i64 : bytes == 4 ? dtype::i32 : dtype::other; break;
    case 'f':
      a.type = bytes == 8 ? dtype::f64 : bytes == 4 ? dtype::f32 : bytes == 2 ? dtype::f16 : dtype::other;
      break;
    default: break;
  }
  if (a.type == dtype::other) {
    a.type_name = py::str(static_cast<py::object const&>(type));
    // Extension packages register a bfloat16 for NumPy, each its own; DLPack has one that everybody means the same by.
    if (a.type_name == "bfloat16") a.type_name = "NumPy's bfloat16 (pass the torch or JAX array itself)";
  }
  set_rank(a, x.ndim(), where);
  for (int i = 0; i < a.rank; ++i) {
    std::int64_t const step = x.strides(i);
    std::int64_t const entries = x.shape(i);
    // An axis of one entry is never stepped over, so its stride says nothing.
    if (entries > 1 && (step < 0 || step % bytes != 0)) {
      wrong_value(where, "strides that are not negative and whole elements",
                  aha::text(step, " bytes over ", bytes, "-byte entries"));
    }
    a.shape[static_cast<std::size_t>(i)] = entries;
    a.stride[static_cast<std::size_t>(i)] = bytes == 0 ? 0 : step / bytes;
  }
  a.data = const_cast<void*>(x.data());
  a.readonly = !x.writeable();
  a.from = origin::numpy;
  a.owner = py::reinterpret_borrow<py::object>(object);
}

/// What an exporter has lent, taken over: given back exactly once, when the object that comes back dies.
template <class Managed>
std::pair<Managed const*, py::object> take_over(py::handle capsule, char const* name, char const* taken) {
  auto* const managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule.ptr(), name));
  py::capsule owner(managed, [](void* p) {
    auto* const m = static_cast<Managed*>(p);
    if (m->deleter != nullptr) m->deleter(m);
  });
  // Under its new name the capsule leaves the memory alone.
  if (PyCapsule_SetName(capsule.ptr(), taken) != 0) throw py::error_already_set();
  return {managed, std::move(owner)};
}

/// `object.__dlpack__()`, asking for the version that can say "read-only"; exporters older than that do not know how to
/// be asked.
py::object capsule_of(py::handle object) {
  py::object const method = object.attr("__dlpack__");
  py::dict keywords;
  array_place::ask(object, keywords);
  try {
    return method(py::arg("max_version") = py::make_tuple(dlpack::major_version, dlpack::minor_version), **keywords);
  } catch (py::error_already_set& e) {
    if (!e.matches(PyExc_TypeError)) throw;
  }
  return method(**keywords);
}

/// What cannot be exported (a tracer, an array over several devices) says why itself: in the house's shape, with the
/// exporter's own exception as the cause.
template <class F>
auto asking(argument where, F const& f) {
  try {
    return f();
  } catch (py::error_already_set& e) {
    if (!e.matches(PyExc_Exception) || e.matches(PyExc_MemoryError)) throw;
    std::string text = e.what();
    text.erase(std::min(text.find('\n'), text.size()));
    aha::status const s = aha::bad_argument(where.function, where.name, "an array that exports itself by DLPack", text);
    py::raise_from(e, PyExc_ValueError, s.message().c_str());
    throw py::error_already_set();
  }
}

bool is_jax(py::handle object) {
  return std::string(py::str(py::type::handle_of(object).attr("__module__"))).rfind("jax", 0) == 0;
}
/// Arrays that nobody may write to although a capsule without flags cannot say so.
bool is_immutable(py::handle object) {
  return is_jax(object) || !py::hasattr(py::type::handle_of(object), "__setitem__");
}

void fill_from_dlpack(array_view& a, py::handle object, argument where) {
  auto const [type, index] = asking(where, [&] {
    py::tuple const device = object.attr("__dlpack_device__")();
    return std::pair{py::int_(device[0]).cast<std::int64_t>(), py::int_(device[1]).cast<std::int64_t>()};
  });
  array_place::require_dlpack(type, index, where);
  py::object const capsule = asking(where, [&] { return capsule_of(object); });
  dlpack::tensor const* t = nullptr;
  if (PyCapsule_IsValid(capsule.ptr(), dlpack::versioned_name) != 0) {
    auto taken =
        take_over<dlpack::managed_tensor_versioned>(capsule, dlpack::versioned_name, dlpack::used_versioned_name);
    a.owner = std::move(taken.second);
    if (taken.first->version_major != dlpack::major_version)
      wrong_type(where, "DLPack version 1", aha::text("version ", taken.first->version_major));
    a.readonly = (taken.first->flags & dlpack::read_only_flag) != 0 || is_jax(object);
    t = &taken.first->dl_tensor;
  } else if (PyCapsule_IsValid(capsule.ptr(), dlpack::legacy_name) != 0) {
    auto taken = take_over<dlpack::managed_tensor>(capsule, dlpack::legacy_name, dlpack::used_legacy_name);
    a.owner = std::move(taken.second);
    a.readonly = is_immutable(object);
    t = &taken.first->dl_tensor;
  } else {
    wrong_type(where, "a DLPack capsule from __dlpack__()", kind_of_object(capsule));
  }
  if (a.readonly) a.readonly_name = kind_of_object(object);
  array_place::require_dlpack(t->device.device_type, t->device.device_id, where);
  a.type = dlpack::dtype_of(t->dtype);
  if (a.type == dtype::other) a.type_name = dlpack::type_name(t->dtype);
  set_rank(a, t->ndim, where);
  std::int64_t dense = 1;
  for (int i = a.rank - 1; i >= 0; --i) {
    std::size_t const k = static_cast<std::size_t>(i);
    a.shape[k] = t->shape[k];
    a.stride[k] = t->strides == nullptr ? dense : t->strides[k];
    dense *= a.shape[k];
    if (a.shape[k] > 1 && a.stride[k] < 0) wrong_value(where, "strides that are not negative", aha::text(a.stride[k]));
  }
  a.data = static_cast<char*>(t->data) + t->byte_offset;
  a.from = origin::dlpack;
  if (py::hasattr(object, "__array_namespace__")) {
    a.from_dlpack = asking(where, [&] { return object.attr("__array_namespace__")().attr("from_dlpack"); });
  }
}

}  // namespace

array_view view_of(py::handle object, argument where, bool active) {
  array_view a;
  torch_names const* torch = nullptr;
  if (py::isinstance<py::array>(object)) {
    fill_from_numpy(a, object, where);
  } else if ((torch = torch_if_imported()) != nullptr &&
             PyObject_TypeCheck(object.ptr(), reinterpret_cast<PyTypeObject*>(torch->tensor)) != 0) {
    fill_from_torch(a, object, *torch, where, active);
  } else if (array_place::is_ours(object, a)) {
  } else if (py::hasattr(object, "__dlpack__") && py::hasattr(object, "__dlpack_device__")) {
    fill_from_dlpack(a, object, where);
  } else {
    wrong_type(where, array_place::kinds, kind_of_object(object));
  }
  if (a.size() > 0 && reinterpret_cast<std::uintptr_t>(a.data) % static_cast<std::uintptr_t>(bytes_of(a.type)) != 0) {
    wrong_value(where, "aligned memory", "an unaligned view");
  }
  return a;
}

void mark_written(array_view const& a) {
  if (a.from == origin::torch) py::handle(torch_if_imported()->increment_version)(a.owner);
}

written_array buffer_of(py::handle object, argument where) {
  return {py::reinterpret_borrow<py::object>(object), view_of(object, where)};
}

namespace {

/// A tensor that has just been made, dense and of this dtype and shape: everything but the pointer is known.
written_array made_tensor(PyObject* made, torch_names const& names, dtype type, std::int64_t const* shape, int rank,
                          argument where) {
  if (made == nullptr) throw py::error_already_set();
  written_array a;
  a.object = py::reinterpret_steal<py::object>(made);
  if (reinterpret_cast<PyObject*>(Py_TYPE(made)) != names.tensor) {  // made under a mode that makes others
    a.view = view_of(a.object, where);
    return a;
  }
  a.view.data = PyLong_AsVoidPtr(call_for(names.data_ptr_of, made).ptr());
  if (PyErr_Occurred() != nullptr) throw py::error_already_set();
  a.view.type = type;
  a.view.from = origin::torch;
  a.view.rank = rank;
  std::int64_t dense = 1;
  for (std::size_t i = static_cast<std::size_t>(rank); i-- > 0;) {
    a.view.shape[i] = shape[i];
    a.view.stride[i] = dense;
    dense *= shape[i];
  }
  a.view.owner = a.object;
  return a;
}

/// Whether torch.empty_like gives what is asked for: it keeps dtype, shape and strides, but neither a class nor whether
/// grad is required.
bool is_alike(array_view const& like, dtype type, std::int64_t const* shape, int rank, torch_names const& names) {
  if (like.type != type || like.rank != rank || !is_plain(like.owner.ptr(), names)) return false;
  std::int64_t dense = 1;
  for (std::size_t i = static_cast<std::size_t>(rank); i-- > 0;) {
    if (like.shape[i] != shape[i] || like.stride[i] != dense) return false;
    dense *= shape[i];
  }
  return true;
}

}  // namespace

written_array new_tensor(dtype type, std::int64_t const* shape, int rank, py::handle device, argument where) {
  torch_names const& names = *torch_if_imported();
  // torch.empty(2, 3, dtype=..., device=...): torch reads sizes by position faster than a tuple of them, and a device faster
  // than its name. Without a size there is nothing but the tuple.
  std::array<py::object, array_view::max_rank> sizes;
  std::array<PyObject*, array_view::max_rank + 3> values{};
  std::size_t count = 1;  // what is called may use the first one
  for (int i = 0; i < rank; ++i) {
    sizes[static_cast<std::size_t>(i)] = py::int_(shape[i]);
    values[count++] = sizes[static_cast<std::size_t>(i)].ptr();
  }
  if (rank == 0) {
    sizes[0] = py::tuple();
    values[count++] = sizes[0].ptr();
  }
  std::size_t const by_position = count - 1;
  for (auto const& known : names.dtypes) {
    if (known.type == type) values[count] = known.object;
  }
  values[count + 1] = device.ptr();
  PyObject* const made = PyObject_Vectorcall(names.empty, values.data() + 1,
                                             by_position | PY_VECTORCALL_ARGUMENTS_OFFSET, names.new_keywords);
  return made_tensor(made, names, type, shape, rank, where);
}

py::object scalar_tensor(double value, dtype type) {
  torch_names const& names = *torch_if_imported();
  py::float_ const number(value);
  std::array<PyObject*, 4> values{nullptr, number.ptr(), nullptr,
                                  names.host};  // wherever torch makes tensors by default
  for (auto const& known : names.dtypes) {
    if (known.type == type) values[2] = known.object;
  }
  PyObject* const made = PyObject_Vectorcall(names.scalar_tensor, values.data() + 1, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                             names.new_keywords);
  if (made == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(made);
}

written_array new_array(array_view const& like, dtype type, std::int64_t const* shape, int rank, argument where) {
  if (like.from == origin::torch) {
    torch_names const& names = *torch_if_imported();
    // Two thirds of the cost of torch.empty. A mode may refuse a tensor that it has not made: then the other way has
    // the words for what is wrong.
    if (is_alike(like, type, shape, rank, names)) {
      PyObject* const made = PyObject_CallOneArg(names.empty_like, like.owner.ptr());
      if (made != nullptr) return made_tensor(made, names, type, shape, rank, where);
      PyErr_Clear();
    }
    return new_tensor(type, shape, rank, attribute(like.owner.ptr(), names.device), where);
  }
  return buffer_of(array_place::new_array(like, type, shape, rank, where), where);
}

}  // namespace aha_python
