//! Parameters of operations and fields of records.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{Expr, ExprLit, ExprUnary, GenericArgument, Lit, LitStr, PathArguments, Type, UnOp};

/// Options of a parameter or field.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) default: Option<TokenStream>,
    pub(crate) placement: Option<TokenStream>,
    pub(crate) flatten: bool,
    pub(crate) wide: bool,
    pub(crate) skip: bool,
    /// Type whose description replaces that of the parameter's or field's own type.
    pub(crate) described_as: Option<Type>,
}

impl Options {
    /// Parses one option.
    pub(crate) fn parse(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let placement =
            |variant: TokenStream| Some(quote!(::chatkeep_core::described::Placement::#variant));
        if meta.path.is_ident("name") {
            self.name = Some(meta.value()?.parse::<LitStr>()?.value());
        } else if meta.path.is_ident("default") {
            self.default = Some(default_value(&meta.value()?.parse()?)?);
        } else if meta.path.is_ident("required") {
            self.default = Some(quote!(::chatkeep_core::described::DefaultValue::Required));
        } else if meta.path.is_ident("positional") {
            self.placement = placement(quote!(Positional));
        } else if meta.path.is_ident("named") {
            self.placement = placement(quote!(Named));
        } else if meta.path.is_ident("flatten") {
            self.flatten = true;
        } else if meta.path.is_ident("wide") {
            self.wide = true;
        } else if meta.path.is_ident("described_as") {
            self.described_as = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("skip") {
            self.skip = true;
        } else {
            return Err(meta.error("unknown option"));
        }
        Ok(())
    }

    /// Returns the description of a field with this Rust name and type. Its documentation is empty
    /// for parameters: theirs is in the operation's.
    pub(crate) fn field(&self, source: &str, documentation: &str, ty: &Type) -> TokenStream {
        let name = self.name.as_deref().unwrap_or(source);
        let described = if self.wide {
            wide(ty)
        } else {
            let ty = self.described_as.as_ref().unwrap_or(ty);
            quote!(<#ty as ::chatkeep_core::described::Described>::TYPE)
        };
        let default = self.default.clone().unwrap_or_else(|| {
            let variant = if option_of(ty).is_some() { quote!(Nothing) } else { quote!(Required) };
            quote!(::chatkeep_core::described::DefaultValue::#variant)
        });
        let placement = self
            .placement
            .clone()
            .unwrap_or_else(|| quote!(::chatkeep_core::described::Placement::Automatic));
        quote! {
            ::chatkeep_core::described::Field {
                name: #name,
                source: #source,
                documentation: #documentation,
                ty: #described,
                default: #default,
                placement: #placement,
            }
        }
    }
}

fn wide(ty: &Type) -> TokenStream {
    let integer = quote!(::chatkeep_core::described::Type::WideInteger);
    if option_of(ty).is_some() {
        quote!(::chatkeep_core::described::Type::Optional(&#integer))
    } else {
        integer
    }
}

/// Returns the described default value of a literal. `None` is the absence of a value.
pub(crate) fn default_value(value: &Expr) -> syn::Result<TokenStream> {
    let described = match value {
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Bool(value) => quote!(Bool(#value)),
            Lit::Int(value) => quote!(Integer(#value)),
            Lit::Float(value) => quote!(Float(#value)),
            Lit::Str(value) => quote!(Text(#value)),
            _ => return Err(syn::Error::new_spanned(value, "unsupported default")),
        },
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => quote!(Integer(-(#expr))),
        Expr::Path(path) if path.path.is_ident("None") => quote!(Nothing),
        _ => return Err(syn::Error::new_spanned(value, "unsupported default")),
    };
    Ok(quote!(::chatkeep_core::described::DefaultValue::#described))
}

/// Returns `T` of `Option<T>`.
pub(crate) fn option_of(ty: &Type) -> Option<&Type> {
    generic_argument(ty, "Option")
}

/// Returns the first argument of a generic type with this name.
pub(crate) fn generic_argument<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) => Some(inner),
        _ => None,
    }
}
