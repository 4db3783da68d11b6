//! `#[operations]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::{self, ParseNestedMeta};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Expr, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, LitStr, Pat, ReturnType, Token,
    Type, parenthesized,
};

use crate::documentation;
use crate::parameter::{Options, default_value, generic_argument};

/// Options of the `impl` block.
#[derive(Default)]
struct InterfaceOptions {
    name: Option<String>,
    receiver: Option<Ident>,
    /// Constant with the operations of this block, which is not the interface's first.
    part: Option<Ident>,
    /// Constants of the other blocks.
    parts: Vec<Ident>,
}

/// Options of a method.
#[derive(Default)]
struct OperationOptions {
    name: Option<String>,
    is_write: bool,
    form: Form,
    order: Vec<String>,
    defaults: Vec<(String, TokenStream)>,
    is_tuned: bool,
    is_custom: bool,
    is_blocking: bool,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Form {
    #[default]
    Call,
    Immediate,
    Property,
}

/// A parameter, as the generated code receives and passes it.
struct Argument {
    ident: Ident,
    options: Options,
    /// The type in the signature.
    ty: Type,
    /// The type of an owned value.
    owned: Type,
    /// The expression that passes an owned value.
    pass: TokenStream,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut interface = InterfaceOptions::default();
    meta::parser(|meta| {
        if meta.path.is_ident("name") {
            interface.name = Some(meta.value()?.parse::<LitStr>()?.value());
        } else if meta.path.is_ident("receiver") {
            interface.receiver = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("part") {
            interface.part = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("parts") {
            let content;
            parenthesized!(content in meta.input);
            let parts = Punctuated::<Ident, Token![,]>::parse_terminated(&content)?;
            interface.parts = parts.into_iter().collect();
        } else {
            return Err(meta.error("unknown option"));
        }
        Ok(())
    })
    .parse2(arguments)?;
    let mut block: ItemImpl = syn::parse2(item)?;
    let self_ty = block.self_ty.clone();
    let Type::Path(path) = &*self_ty else {
        return Err(syn::Error::new_spanned(&self_ty, "an interface is a struct"));
    };
    let class = path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
    let documentation = documentation::text(&block.attrs);
    block.attrs.retain(|attribute| !attribute.path().is_ident("doc"));

    let mut operations = Vec::new();
    let mut twins = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else { continue };
        let Some(options) = take_options(&mut method.attrs)? else { continue };
        let arguments = take_arguments(method)?;
        operations.push(operation(method, &options, &arguments, interface.receiver.as_ref())?);
        if !options.is_blocking && !options.is_custom {
            twins.push(match options.form {
                Form::Call => twin(method, &arguments),
                Form::Immediate | Form::Property => immediate_twin(method),
            });
        }
    }
    let twins = (!twins.is_empty()).then(|| {
        quote! {
            /// The methods of the blocking form. Calls run on a background thread, and are awaited.
            impl crate::asynchronous::Async<#self_ty> {
                #(#twins)*
            }
        }
    });
    let operations = quote!(&[#(#operations),*]);
    let description = match (interface.name, interface.part) {
        (Some(name), None) => {
            let parts = &interface.parts;
            let operations = if parts.is_empty() {
                operations
            } else {
                quote! {{
                    const PARTS: &[&[crate::operation::Operation]] =
                        &[#operations, #(<#self_ty>::#parts),*];
                    const ALL: [crate::operation::Operation; crate::operation::count(PARTS)] =
                        crate::operation::join(PARTS);
                    &ALL
                }}
            };
            quote! {
                impl crate::operation::Described for #self_ty {
                    const INTERFACE: crate::operation::Interface = crate::operation::Interface {
                        name: #name,
                        class: #class,
                        documentation: #documentation,
                        operations: #operations,
                    };
                }
            }
        }
        (None, Some(part)) if interface.parts.is_empty() => quote! {
            impl #self_ty {
                pub(crate) const #part: &'static [crate::operation::Operation] = #operations;
            }
        },
        _ => {
            let message = "an interface has a `name`; its further blocks have a `part`";
            return Err(syn::Error::new_spanned(&self_ty, message));
        }
    };
    Ok(quote! {
        #block

        #description

        #twins
    })
}

/// Removes and parses `#[operation]`.
fn take_options(attributes: &mut Vec<Attribute>) -> syn::Result<Option<OperationOptions>> {
    let Some(at) = attributes.iter().position(|attribute| attribute.path().is_ident("operation"))
    else {
        return Ok(None);
    };
    let attribute = attributes.remove(at);
    let mut options = OperationOptions::default();
    let mut has_effect = false;
    attribute.parse_nested_meta(|meta| {
        let path = &meta.path;
        if path.is_ident("read") || path.is_ident("write") {
            options.is_write = path.is_ident("write");
            has_effect = true;
        } else if path.is_ident("immediate") {
            options.form = Form::Immediate;
            has_effect = true;
        } else if path.is_ident("property") {
            options.form = Form::Property;
            has_effect = true;
        } else if path.is_ident("name") {
            options.name = Some(meta.value()?.parse::<LitStr>()?.value());
        } else if path.is_ident("order") {
            let content;
            parenthesized!(content in meta.input);
            let names = Punctuated::<Ident, Token![,]>::parse_terminated(&content)?;
            options.order = names.iter().map(Ident::to_string).collect();
        } else if path.is_ident("defaults") {
            meta.parse_nested_meta(|meta| parse_default(&meta, &mut options.defaults))?;
        } else if path.is_ident("tuned") {
            options.is_tuned = true;
        } else if path.is_ident("custom") {
            options.is_custom = true;
        } else if path.is_ident("blocking") {
            options.is_blocking = true;
        } else {
            return Err(meta.error("unknown option"));
        }
        Ok(())
    })?;
    if has_effect {
        Ok(Some(options))
    } else {
        Err(syn::Error::new_spanned(attribute, "state `read`, `write`, `immediate` or `property`"))
    }
}

fn parse_default(
    meta: &ParseNestedMeta<'_>,
    defaults: &mut Vec<(String, TokenStream)>,
) -> syn::Result<()> {
    let name = meta.path.require_ident()?.to_string();
    defaults.push((name, default_value(&meta.value()?.parse::<Expr>()?)?));
    Ok(())
}

/// Returns the parameters after `self`, and removes their `#[argument]`.
fn take_arguments(method: &mut ImplItemFn) -> syn::Result<Vec<Argument>> {
    let mut arguments = Vec::new();
    for input in &mut method.sig.inputs {
        let FnArg::Typed(typed) = input else { continue };
        let mut options = Options::default();
        for attribute in &typed.attrs {
            if attribute.path().is_ident("argument") {
                attribute.parse_nested_meta(|meta| options.parse(&meta))?;
            }
        }
        typed.attrs.retain(|attribute| !attribute.path().is_ident("argument"));
        let Pat::Ident(pattern) = &*typed.pat else {
            return Err(syn::Error::new_spanned(
                &typed.pat,
                "a parameter of an operation is a name",
            ));
        };
        let ident = pattern.ident.clone();
        let ty = (*typed.ty).clone();
        let (owned, pass) = owned(&ident, &ty);
        arguments.push(Argument { ident, options, ty, owned, pass });
    }
    Ok(arguments)
}

/// Returns the owned form of a parameter's type, and the expression that passes it.
fn owned(ident: &Ident, ty: &Type) -> (Type, TokenStream) {
    let is = |ty: &Type, name: &str| matches!(ty, Type::Path(path) if path.path.is_ident(name));
    match ty {
        Type::Reference(reference) => {
            let owned: Type = match &*reference.elem {
                elem if is(elem, "str") => syn::parse_quote!(String),
                elem if is(elem, "Path") => syn::parse_quote!(::std::path::PathBuf),
                Type::Slice(slice) => {
                    let elem = &slice.elem;
                    syn::parse_quote!(Vec<#elem>)
                }
                elem => elem.clone(),
            };
            (owned, quote!(&#ident))
        }
        _ => match generic_argument(ty, "Option") {
            Some(Type::Reference(reference)) if is(&reference.elem, "str") => {
                (syn::parse_quote!(Option<String>), quote!(#ident.as_deref()))
            }
            _ => (ty.clone(), quote!(#ident)),
        },
    }
}

/// Returns the type of the result, and whether it is in a `Result`.
fn returned(method: &ImplItemFn) -> (Type, bool) {
    match &method.sig.output {
        ReturnType::Default => (syn::parse_quote!(()), false),
        ReturnType::Type(_, ty) => match generic_argument(ty, "Result") {
            Some(inner) => (inner.clone(), true),
            None => ((**ty).clone(), false),
        },
    }
}

/// Returns the description of an operation.
fn operation(
    method: &ImplItemFn,
    options: &OperationOptions,
    arguments: &[Argument],
    receiver: Option<&Ident>,
) -> syn::Result<TokenStream> {
    let ident = &method.sig.ident;
    let source = ident.to_string();
    let name = options.name.clone().unwrap_or_else(|| source.clone());
    let documentation = documentation::text(&method.attrs);
    let form = match options.form {
        Form::Call => quote!(Call),
        Form::Immediate => quote!(Immediate),
        Form::Property => quote!(Property),
    };
    let is_write = options.is_write;
    let parameters = arguments.iter().map(|argument| {
        let owned = &argument.owned;
        if argument.options.flatten {
            quote!(crate::operation::Parameter::Group(<#owned as ::chatkeep_core::described::Described>::TYPE))
        } else {
            let field = argument.options.field(&argument.ident.to_string(), "", owned);
            quote!(crate::operation::Parameter::Single(#field))
        }
    });
    let (returns, is_result) = returned(method);
    let order = &options.order;
    let defaults = options.defaults.iter().map(|(name, value)| quote!((#name, #value)));
    let is_tuned = options.is_tuned;
    let (returns, prepare) = if options.is_custom {
        (quote!(::chatkeep_core::described::Type::Nothing), quote!(None))
    } else {
        let takes = arguments.iter().map(|argument| {
            let (ident, owned) = (&argument.ident, &argument.owned);
            if argument.options.flatten {
                quote!(let #ident: #owned = arguments.group(crate::operation::group_size::<#owned>())?;)
            } else {
                quote!(let #ident: #owned = arguments.take()?;)
            }
        });
        let passes = arguments.iter().map(|argument| &argument.pass);
        let receiver = receiver.map(|receiver| quote!(.#receiver()));
        let call = quote!(chat #receiver.#ident(#(#passes),*));
        let outcome = if is_result { quote!(#call?) } else { call };
        (
            quote!(<#returns as ::chatkeep_core::described::Described>::TYPE),
            quote! {
                Some(|arguments| {
                    #(#takes)*
                    Ok(Box::new(move |chat| Ok(crate::operation::answer(#outcome))))
                })
            },
        )
    };
    Ok(quote! {
        crate::operation::Operation {
            name: #name,
            source: #source,
            documentation: #documentation,
            form: crate::operation::Form::#form,
            is_write: #is_write,
            parameters: &[#(#parameters),*],
            order: &[#(#order),*],
            defaults: &[#(#defaults),*],
            returns: #returns,
            is_tuned: #is_tuned,
            prepare: #prepare,
        }
    })
}

/// Returns the same method for the asynchronous form, because it does not wait.
fn immediate_twin(method: &ImplItemFn) -> TokenStream {
    let ident = &method.sig.ident;
    let lines = documentation::lines(&method.attrs);
    let output = &method.sig.output;
    quote! {
        #(#[doc = #lines])*
        pub fn #ident(&self) #output {
            self.blocking().#ident()
        }
    }
}

/// Returns the asynchronous form of a method.
fn twin(method: &ImplItemFn, arguments: &[Argument]) -> TokenStream {
    let ident = &method.sig.ident;
    let lines = documentation::lines(&method.attrs);
    let (returns, _) = returned(method);
    let mut inputs = Vec::new();
    let mut owning = Vec::new();
    for argument in arguments {
        let (ident, ty, owned) = (&argument.ident, &argument.ty, &argument.owned);
        let is_slice =
            matches!(ty, Type::Reference(reference) if matches!(&*reference.elem, Type::Slice(_)));
        if is_slice {
            inputs.push(quote!(#ident: #owned));
        } else {
            inputs.push(quote!(#ident: #ty));
            match ty {
                Type::Reference(_) => owning.push(quote!(let #ident: #owned = #ident.to_owned();)),
                _ if generic_argument(ty, "Option")
                    .is_some_and(|inner| matches!(inner, Type::Reference(_))) =>
                {
                    owning.push(quote!(let #ident: #owned = #ident.map(str::to_owned);));
                }
                _ => {}
            }
        }
    }
    let passes = arguments.iter().map(|argument| &argument.pass);
    quote! {
        #(#[doc = #lines])*
        pub async fn #ident(&self, #(#inputs),*) -> ::chatkeep_core::Result<#returns> {
            #(#owning)*
            self.run(move |blocking| blocking.#ident(#(#passes),*)).await
        }
    }
}
